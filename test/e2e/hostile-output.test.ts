// Programs write what they like; `reeve logs` shows all of it, breaks on none of it, and never shows a secret.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { openStage, type Stage } from '../worlds/stage.ts';

const SECRET = 'tr0ub4dor-and-3-more';

const WRITER = `
  const secret = process.env.API_TOKEN;
  console.log('plain line');
  console.log('é ü 漢字 🚀 unicode');
  console.log('x'.repeat(1_000_000) + ' end of the long line');
  process.stdout.write(Buffer.from([0x00, 0xff, 0xfe, 0x1b, 0x5b, 0x33, 0x31, 0x6d, 0x80, 0x0a]));
  console.log('\\u001b[2J\\u001b]0;owned\\u0007terminal tricks');
  console.log('token is ' + secret + ', base64 ' + Buffer.from(secret).toString('base64'));
  console.error('postgres://app:' + encodeURIComponent(secret) + '@db.internal/app refused');
  console.log('last line: ready');
  setInterval(() => {}, 1000);
`;

describe('hostile output', () => {
  let stage: Stage;

  before(async () => {
    stage = await openStage({
      stack: 'hostile',
      files: {
        'reeve.yaml': `name: hostile
source: { folder: ., exclude: [.env] }
env_files: [.env]
services:
  writer:
    run: $REEVE_NODE writer.mjs
    health: { log: "last line: ready", settle: 100ms }
bake: 0s
`,
        'writer.mjs': WRITER,
      },
    });
    stage.write('.env', `API_TOKEN=${SECRET}\n`);
    const open = await stage.reeve('validate');
    assert.equal(open.exit, 0, open.stderr);
    const { chmodSync } = await import('node:fs');
    chmodSync(`${stage.stackFolder}/.env`, 0o600);
    const up = await stage.reeve('up');
    assert.equal(up.exit, 0, up.stderr);
  });

  after(() => stage.close());

  test('is shown line by line, long ones cut with a note, control characters made harmless', async () => {
    const { exit, stdout } = await stage.reeve('logs', 'writer', '--json');
    assert.equal(exit, 0);
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { text: string }).text);
    assert.ok(lines.includes('plain line'));
    assert.ok(lines.includes('é ü 漢字 🚀 unicode'));
    const long = lines.find((line) => line.startsWith('xxxx'))!;
    assert.ok(long.length < 20_000, `${long.length} characters`);
    assert.ok(lines.at(-1) === 'last line: ready' || lines.includes('last line: ready'));
    // eslint-disable-next-line no-control-regex
    assert.equal(lines.filter((line) => /[\u0000-\u0008\u000b-\u001f\u007f]/.test(line)).length, 0);
  });

  test('never shows a secret: not plain, not base64, not in a URL, in no command', async () => {
    const outputs = await Promise.all([
      stage.reeve('logs', 'writer'),
      stage.reeve('logs', 'writer', '--grep', 'token'),
      stage.reeve('status', '--json'),
      stage.reeve('plan', '--json'),
      stage.reeve('changes', 'show', '1', '--json'),
      stage.reeve('releases', '--json'),
      stage.reeve('doctor', '--json'),
    ]);
    const forms = [SECRET, Buffer.from(SECRET).toString('base64'), encodeURIComponent(SECRET)];
    for (const { stdout, stderr } of outputs) {
      for (const form of forms) assert.ok(!(stdout + stderr).includes(form), 'a secret is in the output');
    }
    assert.match(outputs[1]!.stdout, /token is \[secret\]/);
  });

  test('does not put a secret into the journal, the process list or any file but the one that holds them', async () => {
    const { execFileSync } = await import('node:child_process');
    const { readdirSync, readFileSync, statSync } = await import('node:fs');
    const { join } = await import('node:path');
    assert.ok(!execFileSync('ps', ['-eo', 'args']).toString().includes(SECRET));
    const home = stage.env.REEVE_HOME!;
    const holders = readdirSync(home, { recursive: true })
      .map((name) => join(home, String(name)))
      .filter(
        (path) => statSync(path, { throwIfNoEntry: false })?.isFile() && readFileSync(path).includes(SECRET),
      );
    for (const path of holders.filter((name) => !name.includes('/logs/'))) {
      assert.match(path, /releases\/1\/env\.json$/);
      assert.equal(statSync(path).mode & 0o777, 0o600);
    }
  });
});
