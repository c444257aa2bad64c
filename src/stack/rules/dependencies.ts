import type { Service, Stack } from '../../model/stack.ts';
import { didYouMean } from '../did-you-mean.ts';
import { itemsOf, type Located } from '../one-or-many.ts';
import type { Path } from '../places.ts';
import { joinWords, quote } from '../quote.ts';
import { type Complaint, type RuleContext, type ServiceFacts, servicesOf } from './rule.ts';

export const checkDependencies = (context: RuleContext): void => {
  for (const facts of servicesOf(context)) {
    const seen = new Set<string>();
    for (const [index, { path }] of dependenciesOf(facts).entries()) {
      const dependency = facts.service.dependsOn[index]!;
      judge(context, facts.service, { dependency, path, isRepeated: seen.has(dependency.service) });
      seen.add(dependency.service);
    }
  }
  reportCycles(context);
};

type Judged = {
  readonly dependency: Service['dependsOn'][number];
  readonly path: Path;
  readonly isRepeated: boolean;
};

const judge = (context: RuleContext, service: Service, { dependency, path, isRepeated }: Judged): void => {
  const { stack, places, error, warn, isCut } = context;
  const place = places.ofValue(path);
  const name = dependency.service;
  const target = stack.services.find((other) => other.name === name);
  if (name === service.name) {
    error(place, {
      code: 'dependency.self',
      message: `Cannot let ${quote(name)} depend on itself: it would never start`,
      fix: 'remove the entry',
    });
  } else if (target === undefined) {
    if (!isCut(['services', name])) error(place, unknownDependency(stack, service, name));
  } else if (isRepeated) {
    warn(place, {
      code: 'dependency.repeated',
      message: `Cannot use the second ${quote(name)} in "depends_on" of ${quote(service.name)}: once is enough`,
      fix: 'remove the entry',
    });
  } else if (dependency.condition === 'healthy') {
    judgeHealthy(context, { service, target, path });
  }
};

const unknownDependency = ({ services, jobs }: Stack, service: Service, name: string): Complaint => {
  const code = 'dependency.unknown';
  const message = `Cannot let ${quote(service.name)} depend on ${quote(name)}`;
  if (jobs.some((job) => job.name === name)) {
    return {
      code,
      message: `${message}: that is a job, a service is required`,
      fix: 'remove the entry: the phase of a job says when it runs',
    };
  }
  const others = services.map((other) => other.name).filter((other) => other !== service.name);
  const meant = didYouMean(name, others);
  return meant === null
    ? {
        code,
        message: `${message}: there is no such service`,
        ...(others.length > 0 && { expected: joinWords(others, 'or') }),
      }
    : {
        code,
        message: `${message}: there is no such service, did you mean ${quote(meant)}?`,
        fix: `write ${meant}`,
      };
};

const judgeHealthy = (
  { places, error, isCut }: RuleContext,
  { service, target, path }: { readonly service: Service; readonly target: Service; readonly path: Path },
): void => {
  const place = places.ofValue([...path, 'condition']);
  if (target.health.probe === null && !isCut(['services', target.name])) {
    error(place, {
      code: 'dependency.no-health',
      message: `Cannot wait until ${quote(target.name)} is healthy: it has no probe, one is required`,
      fix: `add health to service ${quote(target.name)}, or write condition: started`,
    });
  } else if (target.replicas === 0) {
    error(place, {
      code: 'dependency.no-replicas',
      message: `Cannot wait until ${quote(target.name)} is healthy: it has 0 replicas, so ${quote(service.name)} would never start`,
      fix: `give ${quote(target.name)} a replica, or write condition: started`,
    });
  }
};

const dependenciesOf = ({ path, written }: ServiceFacts): readonly Located<unknown>[] =>
  itemsOf(written.depends_on, [...path, 'depends_on']);

// Every service is visited once; the way that leads back to a service on the present way is a cycle.
const reportCycles = ({ stack, places, written, error }: RuleContext): void => {
  const byName = new Map(stack.services.map((service) => [service.name, service]));
  const done = new Set<string>();
  const visit = (service: Service, way: readonly string[]): void => {
    const back = way.indexOf(service.name);
    if (back >= 0) {
      const cycle = way.slice(back);
      if (cycle.length < 2) return;
      const last = cycle.at(-1)!;
      const path: Path = ['services', last, 'depends_on'];
      const items = itemsOf(written.services?.[last]?.depends_on, path);
      const index = byName
        .get(last)!
        .dependsOn.findIndex((dependency) => dependency.service === service.name);
      error(places.ofValue(items[index]?.path ?? path), {
        code: 'dependency.cycle',
        message: `Cannot put the services in order: ${[...cycle, service.name].map((name) => quote(name)).join(' needs ')}`,
        fix: 'remove one of these dependencies',
      });
      return;
    }
    if (done.has(service.name)) return;
    done.add(service.name);
    for (const { service: next } of service.dependsOn) {
      const target = byName.get(next);
      if (target) visit(target, [...way, service.name]);
    }
  };
  for (const service of stack.services) visit(service, []);
};
