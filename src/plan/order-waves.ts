import type { Dependency, Service } from '../model/stack.ts';

/** Services that depend on nothing in an earlier wave's future: a service's dependencies are in earlier waves. */
export const orderWaves = (services: readonly Service[]): readonly (readonly Service[])[] => {
  const waves: Service[][] = [];
  let waiting = [...services];
  while (waiting.length > 0) {
    const ahead = new Set(waiting.map(({ name }) => name));
    const ready = waiting.filter((service) => !service.dependsOn.some((on) => ahead.has(on.service)));
    // A cycle is refused when the file is read; should one come this far, its services go together.
    const wave = ready.length > 0 ? ready : waiting;
    waves.push(wave);
    waiting = waiting.filter((service) => !wave.includes(service));
  }
  return waves;
};

/** In which order the names may be started; reverse it to stop. */
export const startOrder = (services: readonly Service[]): readonly Service[] => orderWaves(services).flat();

/** Whether a service has to wait until one of these is healthy, not only started. */
export const needsHealthy = (service: Service, names: ReadonlySet<string>): boolean =>
  service.dependsOn.some((on: Dependency) => on.condition === 'healthy' && names.has(on.service));
