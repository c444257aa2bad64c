// The state database is lost while no agent looks; the next agent knows again what runs, and nobody notices.
import assert from 'node:assert/strict';
import {
  closeSync,
  copyFileSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import { startLoad } from '../../scripts/demo/load.ts';
import { eventually, isRunning } from '../worlds/conditions.ts';
import { openStage, type Stage } from '../worlds/stage.ts';
import { PROGRAMS, webStackFile } from '../worlds/web-stack.ts';

const WORKER = `console.log('worker: up'); setInterval(() => {}, 1000);`;

const stackFile = webStackFile({ name: 'lost', replicas: 2, warm: '10m' }).replace(
  '\nbake:',
  `
  worker:
    run: $REEVE_NODE worker.mjs
bake:`,
);

let stage: Stage;
let database: string;

before(async () => {
  stage = await openStage({
    stack: 'lost',
    files: { 'reeve.yaml': stackFile, 'web.mjs': PROGRAMS.good, 'worker.mjs': WORKER },
  });
  database = join(stage.folder, 'state', 'reeve.db');
  await deploys('first');
  await deploys('second');
  await deploys('third');
});

after(() => stage.close());

const deploys = async (words: string): Promise<void> => {
  stage.write('words.txt', words);
  const up = await stage.reeve('up');
  assert.equal(up.exit, 0, up.stderr);
};

const killAgent = async (): Promise<void> => {
  const agent = await stage.agentPid();
  process.kill(agent, 'SIGKILL');
  await eventually('the agent is gone', () => !isRunning(agent));
};

type Seen = { readonly release: number; readonly instances: readonly string[] };

/** What a person sees of the stack; the same before and after. */
const seen = async (): Promise<Seen> => {
  const { release, services, isDown } = await stage.status();
  assert.equal(isDown, false);
  return {
    release: release!.id,
    instances: services
      .flatMap(({ instances }) =>
        instances.map(
          ({ id, release: of, pid, port, hasTraffic, warmUntil }) =>
            `${id} of ${of}: process ${pid}, port ${port}, ${hasTraffic ? 'traffic' : 'none'}, ${warmUntil ? 'warm' : 'at work'}`,
        ),
      )
      .toSorted(),
  };
};

const overwrite = (path: string, at: number, bytes: Buffer): void => {
  const fd = openSync(path, 'r+');
  writeSync(fd, bytes, 0, bytes.length, at);
  closeSync(fd);
};

const removeLogs = (): void => {
  for (const end of ['-wal', '-shm']) rmSync(database + end, { force: true });
};

const DAMAGES: Readonly<Record<string, () => void>> = {
  'cut short': () => {
    removeLogs();
    truncateSync(database, Math.floor(statSync(database).size / 2 / 4096) * 4096);
  },
  'full of flipped bits': () => {
    const bytes = readFileSync(database);
    for (let at = 4096 + 7; at < bytes.length; at += 512)
      overwrite(database, at, Buffer.from([bytes[at]! ^ 0xff]));
    removeLogs();
  },
  'replaced by garbage': () => {
    writeFileSync(database, Buffer.alloc(20_000, 'x'));
  },
  empty: () => {
    truncateSync(database, 0);
  },
  'that of another program': () => {
    removeLogs();
    rmSync(database);
    const other = new DatabaseSync(database);
    other.exec('CREATE TABLE t (a)');
    other.close();
  },
  'gone but for its log': () => {
    rmSync(database);
  },
  'gone altogether': () => {
    removeLogs();
    rmSync(database);
  },
};

describe('an agent whose state database is', { concurrency: false }, () => {
  for (const [what, damage] of Object.entries(DAMAGES)) {
    test(`${what} knows again what runs, and stops nothing`, async () => {
      const before = await seen();
      const asideBefore = setAsideFiles().length;
      const load = startLoad({ port: stage.edgePort, host: 'lost.localhost' });
      await killAgent();
      damage();
      const isThere = existsSync(database) || existsSync(`${database}-wal`);
      const start = await stage.reeve('agent', 'start');
      assert.equal(start.exit, 0, start.stderr);
      assert.match(start.stderr, /state database was lost; it is rebuilt/);
      const after = await seen();
      const { dropped, errors, requests } = await load.stop();

      assert.deepEqual(after, before);
      assert.ok(requests > 0);
      assert.deepEqual({ dropped, errors }, { dropped: 0, errors: 0 });
      if (isThere) {
        assert.ok(setAsideFiles().length > asideBefore, 'it is kept');
        assert.match(start.stderr, /reeve\.db\.damaged-\d+/);
      }
      const { owner } = (await stage.status()).lock;
      assert.equal(owner, 'free');
      const audit = await stage.reeve('audit');
      assert.match(audit.stdout, /rebuild the state database/);
      const again = await stage.reeve('agent', 'start', '--replace');
      assert.doesNotMatch(again.stderr, /rebuilt/, 'once is enough');
      assert.deepEqual(await seen(), before);
    });
  }

  test('rebuilt deploys the next release and rolls it back', async () => {
    await killAgent();
    DAMAGES['replaced by garbage']!();
    const { release } = await (await stage.reeve('agent', 'start'), seen());
    assert.deepEqual(await stage.client.call('listChanges', { query: { limit: 5 } }), []);
    await deploys('fourth');
    assert.equal((await seen()).release, release + 1);
    const back = await stage.reeve('rollback');
    assert.equal(back.exit, 0, back.stderr);
    assert.equal((await seen()).release, release);
  });
});

test('a database of the first Reeve is upgraded, and everything in it is known', async () => {
  const before = await seen();
  await killAgent();
  const db = new DatabaseSync(database);
  db.exec('ALTER TABLE changes DROP COLUMN retreat; PRAGMA user_version = 1;');
  db.close();
  const start = await stage.reeve('agent', 'start');
  assert.equal(start.exit, 0, start.stderr);
  assert.doesNotMatch(start.stderr, /rebuilt/);
  assert.deepEqual(await seen(), before);
  await deploys('after the upgrade');
  assert.ok((await seen()).release! > before.release!);
});

test('a database of a newer Reeve is refused with exit code 2 and left as it is', async () => {
  await stage.reeve('agent', 'stop');
  const copy = `${database}.copy`;
  copyFileSync(database, copy);
  const db = new DatabaseSync(database);
  db.exec('PRAGMA user_version = 99');
  db.close();
  const before = readFileSync(database);
  const start = await stage.reeve('agent', 'start');
  assert.equal(start.exit, 2, start.stderr);
  assert.match(start.stderr, /its schema is 99/);
  assert.match(start.stderr, /store\.newer/);
  assert.match(start.stderr, /use the version of Reeve that wrote it/);
  assert.deepEqual(readFileSync(database), before);
  copyFileSync(copy, database);
  assert.equal((await stage.reeve('agent', 'start')).exit, 0);
});

const setAsideFiles = (): readonly string[] =>
  readdirSync(join(stage.folder, 'state')).filter((name) => name.startsWith('reeve.db.damaged-'));
