import { type Bench, type Comparison, Figures } from '../harness/comparison.ts';
import { costOf, withDescendants } from '../harness/processes.ts';
import { openWorkshop, type Workshop } from '../harness/workshop.ts';
import { type Load, type Measured, runWrk } from '../harness/wrk.ts';
import { EDGE_HOST, EDGES, type EdgeStand, openUpstream, upstreamMissing } from '../peers/edges.ts';

const ROUNDS = 3;
const SECONDS = 4;
const SIZES = { '1 KB': 1000, '1 MB': 1_000_000 } as const;

export const throughput: Comparison = {
  name: 'edge/throughput',
  title: 'The edge',
  how: `wrk with 32 connections for ${SECONDS} s in front of one nginx that answers with a file; median of ${ROUNDS} rounds, in turns. The load, the edge and the upstream share the cores of the machine. The builtin edge is one process and one thread; nginx has a worker for every core, Caddy uses all of them. "upstream" is the upstream without an edge.`,
  run: async (bench) => {
    const figures = new Figures();
    const missing = upstreamMissing();
    if (missing) {
      for (const { name } of EDGES) bench.skip(name, missing);
      return [];
    }
    const workshop = openWorkshop();
    const open = new Map<string, EdgeStand>();
    try {
      for (const [name, bytes] of Object.entries(SIZES)) workshop.write(`www/${name}`, 'x'.repeat(bytes));
      const upstream = await openUpstream(workshop);
      open.set('upstream', upstream);
      for (const kind of EDGES) {
        const why = kind.missing();
        if (why) bench.skip(kind.name, why);
        else open.set(kind.name, await kind.open(workshop, upstream.port));
      }
      await measure(bench, workshop, open, figures);
    } finally {
      for (const stand of [...open.values()].toReversed()) await stand.close();
      await workshop.close();
    }
    return figures.list();
  },
};

const measure = async (
  bench: Bench,
  workshop: Workshop,
  open: ReadonlyMap<string, EdgeStand>,
  figures: Figures,
): Promise<void> => {
  for (const size of Object.keys(SIZES)) {
    for (const keepAlive of [true, false]) {
      const what = `${size}, ${keepAlive ? 'kept connections' : 'a connection each'}`;
      for (let round = 0; round < ROUNDS; round += 1) {
        for (const [name, stand] of open) {
          const url = `http://127.0.0.1:${stand.port}/${encodeURIComponent(size)}`;
          const load: Load = { url, host: EDGE_HOST, seconds: SECONDS, keepAlive };
          const { measured, cpuMs } = await observe(workshop, stand, load);
          note(figures, what, name, { measured, cpuMs });
        }
      }
      bench.say(`${what} measured`);
    }
  }
  for (const [name, { pid }] of open) {
    const cost = costOf(withDescendants(pid));
    figures.add(
      { what: 'memory after all that (proportional)', unit: 'MB', better: 'less' },
      name,
      cost.pssMb,
    );
  }
};

const observe = async (
  workshop: Workshop,
  { pid }: EdgeStand,
  load: Load,
): Promise<{ readonly measured: Measured; readonly cpuMs: number }> => {
  const pids = withDescendants(pid);
  const before = costOf(pids).cpuMs;
  const measured = await runWrk(workshop, load);
  return { measured, cpuMs: costOf(pids).cpuMs - before };
};

const note = (
  figures: Figures,
  what: string,
  name: string,
  { measured, cpuMs }: { readonly measured: Measured; readonly cpuMs: number },
): void => {
  const { requests, perSecond, p50Ms, p99Ms, failed } = measured;
  const less = { better: 'less' } as const;
  figures.add({ what, unit: 'requests/s', better: 'more' }, name, perSecond);
  figures.add({ what: `${what}: p50`, unit: 'ms', ...less }, name, p50Ms);
  figures.add({ what: `${what}: p99`, unit: 'ms', ...less }, name, p99Ms);
  const cost = (cpuMs / requests) * 1000;
  figures.add({ what: `${what}: processor`, unit: 'ms of CPU/1,000 requests', ...less }, name, cost);
  figures.add({ what: `${what}: failed`, unit: 'count', ...less }, name, failed);
};
