import { Refusal } from '../model/error.ts';
import type { Observed } from '../model/observed.ts';
import type { Route, Service } from '../model/stack.ts';

/** Refusal `route.taken` where another stack of this edge has one of the routes already. */
export const refuseTakenRoutes = (services: readonly Service[], observed: Observed): void => {
  for (const service of services) {
    for (const { host, path } of service.routes) {
      const other = observed.foreignRoutes.find((taken) => taken.host === host && taken.path === path);
      if (!other) continue;
      throw new Refusal(
        'route.taken',
        `Cannot route "${host}${path}" to "${service.name}": it leads to stack "${other.stack}", a route of one stack is required`,
        {
          fix: `change services.${service.name}.route, or take it out of stack "${other.stack}" first`,
        },
      );
    }
  }
};

/** Whether every request for `inner` would match `outer` too. */
export const covers = (outer: Pick<Route, 'host' | 'path'>, inner: Pick<Route, 'host' | 'path'>): boolean =>
  coversHost(outer.host, inner.host) && coversPath(outer.path, inner.path);

const coversHost = (outer: string, inner: string): boolean =>
  outer === inner || (outer.startsWith('*.') && inner.endsWith(outer.slice(1)));

const coversPath = (outer: string, inner: string): boolean =>
  outer === '/' || outer === inner || inner.startsWith(outer.endsWith('/') ? outer : `${outer}/`);
