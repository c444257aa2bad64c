import type { Command } from 'commander';
import { formatAge } from '../../kit/format.ts';
import type { EdgeStatus } from '../../ports/edge.ts';
import { withExamples } from '../examples.ts';
import { renderFields } from '../output/fields.ts';
import type { Voice } from '../output/output.ts';
import { renderTable } from '../output/table.ts';
import { type Line, span } from '../output/text.ts';
import { action } from '../session.ts';

export const register = (program: Command): void => {
  const edge = program
    .command('edge')
    .description('The reverse proxy in front of the services: its state and its routes.');
  withExamples(edge, ['reeve edge', 'whether it runs, and where'], ['reeve edge routes', 'what leads where']);
  const status = edge
    .command('status', { isDefault: true })
    .description('Show whether the edge runs, its address and version.')
    .action(
      action(async ({ client, output, signal, world }) => {
        const found = await client.call('edgeStatus', { signal });
        output.answer(found, (voice) => renderEdge(found, world.now(), voice));
      }),
    );
  withExamples(status, ['reeve edge status', 'the edge of this host']);
  const routes = edge
    .command('routes')
    .description('List every host and path with the service it leads to, and the ports of its two seats.')
    .action(
      action(async ({ client, output, signal }) => {
        const { sites } = await client.call('edgeStatus', { signal });
        output.answer(routesOf(sites), (voice) => renderRoutes(sites, voice));
      }),
    );
  withExamples(
    routes,
    ['reeve edge routes', 'every route of this host'],
    ['reeve edge routes --json', 'as data'],
  );
};

const renderEdge = (edge: EdgeStatus, now: number, voice: Voice): Line[] => [
  edge.isRunning
    ? [
        span(voice.symbols.full, 'green'),
        { text: ' ' },
        span(`${edge.name} edge runs at `),
        span(edge.address, 'cyan'),
      ]
    : [
        span(voice.symbols.failed, 'red'),
        { text: ' ' },
        span(`${edge.name} edge does not run; it would serve ${edge.address}`),
      ],
  ...renderFields(
    [
      { label: 'process', lines: edge.pid === null ? [] : [String(edge.pid)] },
      { label: 'up', lines: edge.startedAt === null ? [] : [formatAge(now - edge.startedAt)] },
      { label: 'version', lines: edge.version === '' ? [] : [edge.version] },
      {
        label: 'stacks',
        lines: edge.sites.length === 0 ? ['none'] : [edge.sites.map(({ stack }) => stack).join(', ')],
      },
    ],
    voice,
  ),
];

const routesOf = (sites: EdgeStatus['sites']) =>
  sites.flatMap(({ stack, services }) =>
    services.flatMap(({ service, routes, slots }) =>
      routes.map(({ host, path, stripPath }) => ({ host, path, stripPath, stack, service, slots })),
    ),
  );

const renderRoutes = (sites: EdgeStatus['sites'], voice: Voice): Line[] => {
  const routes = routesOf(sites);
  if (routes.length === 0) return [[span('No route yet. Give a service one with: route: name.localhost')]];
  const rows = routes.map(({ host, path, stripPath, stack, service, slots }) => [
    [span(host, 'bold'), span(path), span(stripPath ? '  (path stripped)' : '', 'dim')],
    [span(`${stack}/${service}`)],
    [span(slots.map(({ blue }) => blue).join(' '), 'dim')],
    [span(slots.map(({ green }) => green).join(' '), 'dim')],
  ]);
  return renderTable(
    {
      columns: [
        { title: 'ROUTE', atLeast: 24 },
        { title: 'SERVICE' },
        { title: 'BLUE', atLeast: 6 },
        { title: 'GREEN', atLeast: 6 },
      ],
      rows,
    },
    { width: voice.width - 1 },
  );
};
