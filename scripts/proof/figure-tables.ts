// What the tests measured (see `writeProof` in test/worlds/proof-report.ts), as tables for the page.
import type { Row } from '../../bench/harness/table.ts';

type KindOfRequest = {
  readonly requests: number;
  readonly failed: number;
  readonly medianMs: number;
  readonly slowestMs: number;
};

type Load = {
  readonly requests: number;
  readonly failed: number;
  readonly kinds: Readonly<Record<string, KindOfRequest>>;
};

type Deploys = Load & {
  readonly deploys: number;
  readonly rollbacks: number;
  readonly ofWhichWarm: number;
  readonly seconds: number;
  readonly deployMedianMs: number;
  readonly rollbackMedianMs: number;
};

type Story = {
  readonly plan: string;
  readonly story: string;
  readonly points: number;
  readonly kills: number;
};

const number = (value: number): string => value.toLocaleString('en');

const requestsOf = ({ kinds }: Load): readonly Row[] => [
  ['kind', 'requests', 'failed', 'median', 'slowest'],
  ...Object.entries(kinds).map(([kind, { requests, failed, medianMs, slowestMs }]) => [
    kind,
    number(requests),
    number(failed),
    `${medianMs} ms`,
    `${slowestMs} ms`,
  ]),
];

const ENDINGS: Readonly<Record<string, string>> = {
  gracefully: 'gracefully',
  abruptly: 'at once, in the middle of answers',
  never: 'only by SIGKILL',
};

const deploysUnderLoad = ({
  cases,
}: {
  readonly cases: Readonly<Record<string, Deploys>>;
}): readonly Row[][] => [
  [
    ['the program ends', 'deploys', 'rollbacks', 'of which warm', 'deploy, median', 'requests', 'failed'],
    ...Object.entries(cases).map(([ending, one]) => [
      ENDINGS[ending] ?? ending,
      number(one.deploys),
      number(one.rollbacks),
      number(one.ofWhichWarm),
      `${one.deployMedianMs} ms`,
      number(one.requests),
      number(one.failed),
    ]),
  ],
  [...requestsOf(Object.values(cases)[0]!)],
];

const recreateUnderLoad = (
  figures: Load & { readonly changes: number; readonly changeMedianMs: number; readonly copies: number },
): readonly Row[][] => [
  [
    ['restarts and deploys', 'median', 'copies that started', 'at the same time', 'requests', 'failed'],
    [
      number(figures.changes),
      `${figures.changeMedianMs} ms`,
      number(figures.copies),
      'never two',
      number(figures.requests),
      number(figures.failed),
    ],
  ],
  [...requestsOf(figures)],
];

const agentSweep = ({ stories }: { readonly stories: readonly Story[] }): readonly Row[][] => [
  [
    ['strategy', 'change', 'writes that it could die at', 'times killed'],
    ...stories
      .toSorted((a, b) => a.plan.localeCompare(b.plan))
      .map(({ plan, story, points, kills }) => [plan, story, number(points), number(kills)]),
    [
      '',
      '**all**',
      number(stories.reduce((sum, { points }) => sum + points, 0)),
      number(stories.reduce((sum, { kills }) => sum + kills, 0)),
    ],
  ],
];

const simulation = ({ seeds }: { readonly seeds: number }): readonly Row[][] => [
  [
    ['random lives', 'that broke a rule'],
    [number(seeds), '0'],
  ],
];

const mutants = ({ caught }: { readonly caught: Readonly<Record<string, number>> }): readonly Row[][] => [
  [
    ['an engine that', 'is caught by life'],
    ...Object.entries(caught).map(([what, seed]) => [what, number(seed)]),
  ],
];

// Figures that speak for themselves: `healthKnownMs: 929` reads "health known | 929 ms".
const plain =
  (title: string) =>
  (figures: Readonly<Record<string, number>>): readonly Row[][] => [
    [[title, ''], ...Object.entries(figures).map(([name, value]) => plainRow(name, value))],
  ];

const plainRow = (name: string, value: number): Row => {
  const words = name.replace(/Ms$/, '').replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return [words, `${number(value)}${name.endsWith('Ms') ? ' ms' : ''}`];
};

/** By the name under which they were written. */
export const FIGURE_TABLES: Readonly<Record<string, (figures: never) => readonly (readonly Row[])[]>> = {
  'deploys-under-load': deploysUnderLoad,
  'recreate-under-load': recreateUnderLoad,
  'agent-sweep': agentSweep,
  adoption: plain('an agent is killed and followed by another'),
  'kill-storm': plain('agents killed ten times a second'),
  'reboots-swap': plain('the host goes down in a deploy (swap)'),
  'reboots-recreate': plain('the host goes down in a deploy (recreate)'),
  'slow-clients-swap': plain('clients that are slow on purpose (swap)'),
  'slow-clients-recreate': plain('clients that are slow on purpose (recreate)'),
  simulation,
  mutants,
};
