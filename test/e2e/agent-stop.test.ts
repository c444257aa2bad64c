// The agent is stopped while it waits for a program that takes its time: it goes at once, and the next one goes on.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { isEnded } from '../../src/model/change.ts';
import { eventually, isRunning } from '../worlds/conditions.ts';
import { openStage, type Stage } from '../worlds/stage.ts';

const SLOW = `
  import { existsSync } from 'node:fs';
  console.log('slow: up');
  setInterval(() => {}, 1000);
  process.on('SIGTERM', () => {
    console.log('slow: asked to end');
    setInterval(() => existsSync(process.env.MAY_END) && process.exit(0), 20);
  });
`;

const FILE = `
name: patient
source: .
env: { MAY_END: ../may-end }
services:
  slow:
    run: $REEVE_NODE slow.mjs
    health: { log: "slow: up", settle: 100ms }
    stop: { grace: 2m }
`;

let stage: Stage;

after(() => stage.close());

test('an agent that is told to stop does not wait for a program that it is stopping', async () => {
  stage = await openStage({ stack: 'patient', files: { 'reeve.yaml': FILE, 'slow.mjs': SLOW } });
  stage.edit('reeve.yaml', '../may-end', `${stage.folder}/may-end`);
  const up = await stage.reeve('up');
  assert.equal(up.exit, 0, up.stderr);
  const [before] = (await stage.status()).services;
  const stop = await stage.reeve('stop', 'slow', '--detach');
  assert.equal(stop.exit, 0, stop.stderr);
  await eventually('it is asked to end', async () =>
    (await stage.reeve('logs', 'slow')).stdout.includes('slow: asked to end'),
  );

  const ended = await stage.reeve('agent', 'stop');
  assert.equal(ended.exit, 0, ended.stderr);
  const start = await stage.reeve('agent', 'start');
  assert.equal(start.exit, 0, start.stderr);
  await eventually('the change goes on', async () => (await stage.lastChange()).state === 'running');
  assert.ok(isRunning(before?.instances[0]?.pid ?? 0), 'it has the time that its stack file gives it');

  stage.write('../may-end', '');
  await eventually('the change has ended', async () => isEnded((await stage.lastChange()).state));
  const change = await stage.lastChange();
  assert.equal(change.state, 'done', JSON.stringify(change.error));
  assert.ok(!isRunning(before?.instances[0]?.pid ?? 0));
});
