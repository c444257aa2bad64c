// `reeve status`: per stack a header with what matters about it, then its services and instances.
import type { ServiceStatus, StackStatus } from '../../api/wire.ts';
import { formatAge, formatBytes, formatShare } from '../../kit/format.ts';
import { absence, healthLine, type Instance, instanceState, instanceStateAndWords } from './health.ts';
import type { Voice } from './output.ts';
import { type Column, renderTable } from './table.ts';
import { type Line, lineWidth, span } from './text.ts';

export const renderStatus = (stacks: readonly StackStatus[], now: number, voice: Voice): Line[] => {
  if (stacks.length === 0) return [[span('No stack is up. Bring one up with: reeve up')]];
  return stacks.flatMap((stack, at) => [...(at === 0 ? [] : [[]]), ...renderStack(stack, now, voice)]);
};

const renderStack = (stack: StackStatus, now: number, voice: Voice): Line[] => [
  ...renderHeader(stack, now, voice),
  ...(stack.isDown || stack.services.length === 0 ? [] : renderServices(stack.services, now, voice)),
];

const renderHeader = (status: StackStatus, now: number, { symbols }: Voice): Line[] => {
  const { stack, release, change, lock, isDown } = status;
  const dot = span(` ${symbols.dot} `, 'dim');
  const lines: Line[] = [
    release
      ? [
          span(stack, 'bold'),
          dot,
          span(`release ${release.id} (${`${release.revision.slice(0, 7)} ${release.summary}`.trim()})`),
          dot,
          span(`made ${formatAge(now - release.createdAt)} ago`, 'dim'),
        ]
      : [span(stack, 'bold'), dot, span('no release yet', 'dim')],
  ];
  if (isDown)
    lines.push([{ text: '  ' }, span('taken down', 'yellow'), span('  bring it back with: reeve up')]);
  if (change) {
    const state = span(`change ${change.id} ${change.state}`, 'cyan');
    lines.push([{ text: '  ' }, state, { text: '  ' }, span(change.sentence)]);
  }
  // While a change runs the lock is its own, and says nothing new.
  if (lock.owner !== 'free' && !change) {
    const held = span(`locked by ${lock.owner} for ${formatAge(now - lock.acquiredAt)}`, 'yellow');
    lines.push([{ text: '  ' }, held, { text: '  ' }, span(lock.reason || lock.task)]);
  }
  return lines;
};

/** One line of the table; `words` come below it where they do not fit beside the state. */
type Row = { readonly cells: readonly Line[]; readonly words: string; readonly stateAlone: Line };

/** On a narrow terminal, a state with longer words than this has them on the next line. */
const NARROW_STATE = 30;
const STATE_AT = 1;
const WORDS_INDENT = '      ';

const COLUMNS: readonly Column[] = [
  { title: 'SERVICE', atLeast: 14 },
  { title: 'STATE', atLeast: NARROW_STATE },
  { title: 'REL', align: 'right' },
  { title: 'PORT', align: 'right' },
  { title: 'PID', align: 'right', drop: 2 },
  { title: 'CPU', align: 'right', drop: 1 },
  { title: 'MEM', align: 'right' },
  { title: 'UP', align: 'right' },
  { title: 'RESTARTS', align: 'right', drop: 3 },
  { title: 'ADDRESS' },
];
const ADDRESS_AT = COLUMNS.length - 1;
const RESTARTS_AT = COLUMNS.length - 2;

const renderServices = (services: readonly ServiceStatus[], now: number, voice: Voice): Line[] => {
  const all = services.flatMap((service) => serviceRows(service, now, voice));
  const hasRestarts = services.some(({ instances }) => instances.some(({ restarts }) => restarts > 0));
  const rows = hasRestarts ? all : all.map((row) => ({ ...row, cells: row.cells.with(RESTARTS_AT, []) }));
  const wide = renderTable({ columns: COLUMNS, rows: rows.map(({ cells }) => cells) }, { width: Infinity });
  if (Math.max(...wide.map(lineWidth)) + 2 < voice.width) return indent(wide);
  return [...indent(renderNarrow(rows, voice)), ...renderAddresses(services, voice)];
};

const indent = (lines: readonly Line[]): Line[] => lines.map((line) => [{ text: '  ' }, ...line]);

// Addresses and long words have no room beside the rest: they come below, where nothing is cut.
const renderNarrow = (rows: readonly Row[], voice: Voice): Line[] => {
  const isLong = rows.map(({ cells }) => lineWidth(cells[STATE_AT]!) > NARROW_STATE);
  const cells = rows.map((row, at) =>
    (isLong[at] ? row.cells.with(STATE_AT, row.stateAlone) : row.cells).with(ADDRESS_AT, []),
  );
  const [titles, ...lines] = renderTable({ columns: COLUMNS, rows: cells }, { width: voice.width - 3 });
  return [
    titles!,
    ...lines.flatMap((line, at) =>
      isLong[at] && rows[at]!.words !== ''
        ? [line, [{ text: WORDS_INDENT }, span(rows[at]!.words, 'dim')]]
        : [line],
    ),
  ];
};

const renderAddresses = (services: readonly ServiceStatus[], { symbols }: Voice): Line[] =>
  services.flatMap(({ service, addresses }) =>
    addresses.map((address) => [
      { text: '  ' },
      span(`${service} ${symbols.arrow} `, 'dim'),
      span(address, 'cyan'),
    ]),
  );

// A service with one copy is one line; with more it has a line of its own above theirs. Warm copies always come below.
const serviceRows = (service: ServiceStatus, now: number, voice: Voice): Row[] => {
  const serving = service.instances.filter(({ warmUntil }) => warmUntil === null);
  const warm = service.instances.filter(({ warmUntil }) => warmUntil !== null);
  const address: Line = service.addresses.length === 0 ? [] : [span(service.addresses.join(' '), 'cyan')];
  const name = [span(service.service, 'bold')];
  const below = (instance: Instance): Row => {
    const place = span(`${instance.slot}-${instance.seat}`, instance.warmUntil === null ? 'bold' : 'dim');
    return instanceRow([{ text: '  ' }, place], instance, now, voice);
  };
  if (serving.length === 1) {
    const only = instanceRow(name, serving[0]!, now, voice);
    return [{ ...only, cells: only.cells.with(ADDRESS_AT, address) }, ...warm.map(below)];
  }
  const state = serviceState(service, serving, voice);
  const blank = Array.from({ length: COLUMNS.length - 3 }, (): Line => []);
  return [
    { cells: [name, state, ...blank, address], words: '', stateAlone: state },
    ...serving.map(below),
    ...warm.map(below),
  ];
};

const serviceState = (service: ServiceStatus, serving: readonly Instance[], voice: Voice): Line => {
  if (serving.length === 0) return [span(`${voice.symbols.empty} ${absence(service)}`, 'dim')];
  const healthy = serving.filter(({ health, hasTraffic }) => hasTraffic && health === 'healthy').length;
  return [...healthLine(service.health, voice), span(`  ${healthy} of ${service.replicas}`, 'dim')];
};

const instanceRow = (name: Line, instance: Instance, now: number, voice: Voice): Row => {
  const style = instance.warmUntil === null ? undefined : ('dim' as const);
  const cell = (value: string | number | null): Line => (value === null ? [] : [span(String(value), style)]);
  const isUp = instance.pid !== null && instance.startedAt !== null;
  return {
    words: instance.words,
    stateAlone: instanceState(instance, now, voice),
    cells: [
      name,
      instanceStateAndWords(instance, now, voice),
      cell(instance.release),
      cell(instance.port),
      cell(instance.pid),
      cell(instance.cpuShare === null ? null : formatShare(instance.cpuShare)),
      cell(instance.rssBytes === null ? null : formatBytes(instance.rssBytes)),
      cell(isUp ? formatAge(now - instance.startedAt!) : null),
      cell(instance.restarts),
      [],
    ],
  };
};
