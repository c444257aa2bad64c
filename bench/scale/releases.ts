import { statSync } from 'node:fs';
import { isAlive } from '../../src/kit/process-identity.ts';
import { realClock } from '../../src/kit/real-clock.ts';
import { createRedactor } from '../../src/logs/redactor.ts';
import type { Change } from '../../src/model/change.ts';
import { databasePath } from '../../src/model/layout.ts';
import type { Release } from '../../src/model/release.ts';
import type { Store } from '../../src/ports/store.ts';
import { openStore, type StoreOptions } from '../../src/store/open-store.ts';
import { refillStore } from '../../src/store/recover.ts';
import { type Comparison, Figures } from '../harness/comparison.ts';
import { addAgentSize, type ScaleStage, STACK, withScaleStage } from './scale-stage.ts';

const SIZES = { '10 releases': 10, '100 releases': 100, '1,000 releases': 1000, '10,000 releases': 10_000 };
const HOUR_MS = 3_600_000;
const OPTIONS: StoreOptions = { redactor: createRedactor(), isAlive, clock: realClock };

export const releases: Comparison = {
  name: 'scale/releases',
  title: 'Scale: releases in the store',
  how: 'A stack of two services with so many releases on record, one in twenty refused, and as many ended changes as the store keeps (1,000 of a stack). They are written through the store’s own functions in one transaction; two real deploys come after them. By itself the store keeps 200 records besides those whose folders are kept, and the next deploy brings it back to that: what is measured last. In brackets: how much a figure grew, for how much more.',
  sizes: SIZES,
  run: async (bench) => {
    const figures = new Figures();
    for (const [size, count] of Object.entries(SIZES)) {
      await withScaleStage(figures, size, (scale) => measure(scale, count));
      bench.say(`${size} measured`);
    }
    return figures.list();
  },
};

const measure = async (scale: ScaleStage, count: number): Promise<void> => {
  const { stage, must, time, add } = scale;
  const path = databasePath({ home: stage.env.REEVE_HOME!, socket: '' });
  await must('agent', 'stop');
  retire(path, count);
  stage.write('reeve.yaml', STACK_FILE);
  await must('up', '--quiet');
  stage.write('version', '2');
  await must('deploy', '--quiet');
  await must('agent', 'stop');
  fill(path, count);
  add('size of the database', 'MB', statSync(path).size / 2 ** 20);
  await time('agent start', 1, 'agent', 'start');
  await addAgentSize(scale);
  await time('status', 10, 'status');
  await time('releases', 10, 'releases');
  await time('releases, all of them', 3, 'releases', '-n', '100000');
  await time('changes', 10, 'changes');
  await time('plan, nothing changed', 5, 'plan');
  await time('deploy, nothing changed', 5, 'deploy', '--quiet');
  const body = { want: 'rollback', stack: STACK, release: null } as const;
  for (let round = 0; round < 5; round += 1) {
    const began = performance.now();
    await stage.client.call('plan', { body });
    add('plan of a rollback, in the agent', 'ms', performance.now() - began);
  }
  await time('rollback', 1, 'rollback', '--quiet');
  stage.write('version', '3');
  await time('deploy of a new release', 1, 'deploy', '--quiet');
  await time('status, after that', 5, 'status');
};

const STACK_FILE = `name: ${STACK}
bake: 0s
services:
  web: { run: [sleep, "100000"] }
  worker: { run: [sleep, "100000"] }
`;

/** The numbers of what is filled in afterwards. */
const retire = (path: string, count: number): void => {
  const store = openStore(path, OPTIONS);
  store.releases.retireIds(STACK, count);
  store.close();
};

const fill = (path: string, count: number): void =>
  refillStore(path, OPTIONS, { fill: (store) => fillIn(store, count), lastChange: 0 });

const fillIn = (store: Store, count: number): void => {
  const live = store.releases.current(STACK)!;
  const [change] = store.journal.list({ stack: STACK, limit: 1 });
  for (let id = 1; id <= count; id += 1) {
    // On disk until all are in: the store forgets others at once.
    store.releases.insert({ ...aged(live, id, count), hasTree: true });
    closeLike(store, change!, id);
  }
  for (let id = 1; id <= count; id += 1) store.releases.setHasTree(STACK, id, false);
};

// Definitions change now and then, revisions with every release.
const aged = (live: Release, id: number, count: number): Release => ({
  ...live,
  id,
  revision: { ...live.revision, id: id.toString(16).padStart(40, '0') },
  stack: { ...live.stack, env: { ...live.stack.env, BUILD: String(Math.floor(id / 10)) } },
  state: id % 20 === 0 ? 'bad' : 'stable',
  stateReason: id % 20 === 0 ? 'web-1-green answered 503' : null,
  createdAt: live.createdAt - (count - id) * HOUR_MS,
});

const closeLike = ({ journal }: Store, { plan, by, records, openedAt }: Change, id: number): void => {
  const made = journal.open({ stack: STACK, plan, by, state: 'running', at: openedAt });
  for (const { seq: _seq, ...record } of records) journal.record(made.id, record);
  journal.close(made.id, { state: 'done', at: openedAt, outcome: `Release ${id} is live`, error: null });
};
