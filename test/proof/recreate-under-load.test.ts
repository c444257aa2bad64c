// A program that must never run twice is restarted again and again while clients of every kind ask and never ask twice.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Change } from '../../src/model/change.ts';
import { resolveLayout, sharedFolder } from '../../src/model/layout.ts';
import { eventually } from '../worlds/conditions.ts';
import { deployNext, makeChange } from '../worlds/make-change.ts';
import { sayLoad, startProofLoad, stepMedians, targetCommand, targetEnv } from '../worlds/proof-load.ts';
import { median, writeProof } from '../worlds/proof-report.ts';
import { openStage, projectRoot, runProgram, type Stage } from '../worlds/stage.ts';

const NAME = 'proof-recreate';
const CHANGES = 20;
/** Requests between two changes. */
const BETWEEN = 300;
const SOLE_COPY = join(projectRoot, 'test/programs/sole-copy.ts');

const STACK_FILE = `name: ${NAME}
services:
  web:
    run: ${targetCommand(SOLE_COPY)}
    env: ${targetEnv()}
    route: ${NAME}.localhost
    deploy: recreate
    health: { http: /up, interval: 250ms, passes: 1, settle: 50ms, within: 20s }
    stop: { grace: 3s }
    drain: 4s
    hold: 20s
bake: 0s
retention: { releases: 4 }
`;

describe('a singleton', () => {
  let stage: Stage;

  before(async () => {
    stage = await openStage({ stack: NAME, files: { 'reeve.yaml': STACK_FILE } });
    const up = await stage.reeve('up');
    assert.equal(up.exit, 0, up.stderr);
  });

  after(() => stage.close());

  test(`answers every request over ${CHANGES} restarts and deploys, POST included, and is never there twice`, async (t) => {
    const load = startProofLoad({ stage, host: `${NAME}.localhost`, keepAliveClients: 12, slowMs: 1_000 });
    const made: Change[] = [];
    try {
      for (let turn = 1; turn <= CHANGES; turn += 1) {
        const restart = { want: 'restart', stack: NAME, services: [] } as const;
        made.push(await makeChange(stage, turn % 5 === 0 ? deployNext(stage) : restart));
        const seen = load.requests();
        await eventually('the load flows again', () => load.requests() > seen + BETWEEN, 30_000);
      }
    } finally {
      await load.stop();
    }
    const report = await load.stop();
    const copies = readCopies(stage);
    const changeMs = made.map(({ openedAt, closedAt }) => closedAt! - openedAt);
    const figures = { changes: made.length, changeMedianMs: median(changeMs), copies: copies.length };
    writeProof('recreate-under-load', { ...figures, stepMedianMs: stepMedians(made), ...report });
    t.diagnostic(`${made.length} restarts and deploys, median ${figures.changeMedianMs} ms`);
    sayLoad(t, report);

    assert.deepEqual({ failed: report.failed, reasons: report.reasons }, { failed: 0, reasons: [] });
    assert.ok(report.kinds.POST!.requests > 500, `${report.kinds.POST!.requests} POSTs`);
    assert.deepEqual(
      copies.map(({ word }) => word),
      Array.from({ length: CHANGES + 1 }, () => 'alone'),
    );
  });

  test('would be seen if it were there twice', async () => {
    const before = readCopies(stage).length;
    const env = { ...stage.env, REEVE_SHARED: sharedOf(stage) };
    const second = await runProgram(process.execPath, [SOLE_COPY], stage.folder, env);
    assert.equal(second.exit, 70);
    assert.deepEqual(
      readCopies(stage)
        .slice(before)
        .map(({ word }) => word),
      ['not-alone'],
    );
  });
});

const sharedOf = ({ env }: Stage): string => sharedFolder(resolveLayout(env, process.getuid?.() ?? 0), NAME);

const readCopies = (stage: Stage): readonly { readonly word: string; readonly pid: number }[] =>
  readFileSync(join(sharedOf(stage), 'copies.log'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => {
      const [word = '', pid] = line.split(' ');
      return { word, pid: Number(pid) };
    });
