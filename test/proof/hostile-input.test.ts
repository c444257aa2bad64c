// Names, release trees and texts that mean harm: each is refused by its name or path, or shown as what it is.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { CALLS } from '../../src/api/wire.ts';
import type { ErrorReport } from '../../src/model/error.ts';
import { type CliEnd, cli } from '../worlds/cli-world.ts';
import { makeRepository } from '../worlds/git-repository.ts';
import { openStage, type Stage } from '../worlds/stage.ts';

const isRoot = process.getuid?.() === 0;

const NAMES: Readonly<Record<string, string>> = {
  'that climbs': '..',
  'that is a path': '../../etc/passwd',
  'that is absolute': '/etc/passwd',
  'with a NUL': 'web\0',
  'with an escape sequence': 'web\u001b[2J\u001b]0;owned\u0007',
  'of 5,000 characters': 'a'.repeat(5000),
  'of look-alikes': 'wеb',
  'written from right to left': 'web\u202egpj',
  'with a line end': 'web\nweb',
  'of an option': '--force',
  'of a prototype': '__proto__',
  'with spaces and a shell': 'web; touch owned',
  'in percent signs': '%2e%2e%2f',
  'of nothing': '',
};

// ESC, BEL and the like, but for line ends; and the marks that turn the direction of text.
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

// A commit and a probe say this: colours, a cleared screen, a title, a link, a carriage return over what was written.
const TRICKS =
  'fine\u001b[31m\u001b[2J\u001b]0;owned\u0007\u001b]8;;http://evil\u001b\\\r\u009b1;1Hgone\u0085\u202egpj\u0000';

const PROGRAM = `
  import { createServer } from 'node:http';
  const tricks = ${JSON.stringify(TRICKS)};
  console.log(tricks);
  console.error(tricks);
  createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ status: 'ok', message: tricks }));
  }).listen(Number(process.env.PORT), '127.0.0.1');
`;

const stackFile = (more = ''): string => `name: hostile-input
source: { git: ../repository, ref: main }
services:
  web:
    run: $REEVE_NODE web.mjs
    route: hostile-input.localhost
    health: { http: /up, interval: 500ms, settle: 200ms }
    stop: { grace: 0s }
bake: 0s
warm: 0s
${more}`;

describe('input that means harm', () => {
  let stage: Stage;
  let socketPath: string;
  let standing: string;

  const run = (...argv: string[]): Promise<CliEnd> => {
    const env = stage.env as Readonly<Record<string, string>>;
    return cli(argv, { env, cwd: stage.stackFolder });
  };

  before(async () => {
    stage = await openStage({ stack: 'hostile-input', files: { 'reeve.yaml': stackFile() } });
    const repository = makeRepository(join(stage.folder, 'repository'));
    repository.write({ 'web.mjs': PROGRAM });
    // What -m would clean up is what this is about.
    repository.git('add', '--all');
    const message = TRICKS.replaceAll('\0', '');
    repository.git('commit', '--quiet', '--cleanup=verbatim', '--message', message);
    const up = await stage.reeve('up');
    assert.equal(up.exit, 0, up.stderr);
    assert.doesNotMatch(up.stdout + up.stderr, CONTROL);
    socketPath = (await stage.client.call('agentStatus', {})).socket;
    standing = await look();
  });

  after(() => stage.close());

  const look = async (): Promise<string> => {
    const { release, services } = await stage.status();
    const stacks = await stage.client.call('listStacks', {});
    return JSON.stringify([
      stacks.map(({ stack }) => stack),
      release?.id,
      services.map(({ service, instances }) => [service, instances.map(({ pid }) => pid)]),
      readdirSync(stage.env.REEVE_HOME!).filter((name) => !name.startsWith('reeve.db')),
      readdirSync(join(stage.env.REEVE_HOME!, 'stacks')),
      existsSync(join(stage.stackFolder, 'owned')),
    ]);
  };

  type Sent = { readonly method: string; readonly path: string; readonly body?: unknown };

  const call = ({ method, path, body }: Sent): Promise<{ status: number; report: ErrorReport }> =>
    new Promise((resolve, reject) => {
      const sent = request({ agent: false, socketPath, method, path }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, report: JSON.parse(text) as ErrorReport }),
        );
      });
      sent.on('error', reject);
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });

  // Every place where a call takes a name.
  const placesOf = (name: string): readonly Sent[] => {
    const inPath = encodeURIComponent(name);
    const fill = (path: string): string => path.replace(':stack', inPath).replace(':id', inPath);
    const stack = 'hostile-input';
    const wishes = [
      { want: 'rollback', stack: name, release: null },
      { want: 'rollback', stack, release: name },
      { want: 'scale', stack: name, service: 'web', replicas: 1 },
      { want: 'scale', stack, service: name, replicas: 1 },
      { want: 'restart', stack, services: ['web', name] },
      { want: 'start', stack: name, services: [] },
      { want: 'stop', stack, services: [name] },
      { want: 'down', stack: name, purge: true },
      { want: 'job', stack, job: name },
      { want: name, stack, job: name },
    ];
    const withPath = Object.values(CALLS).filter(({ path }) => /:/.test(path));
    return [
      // Without a name there is no such path, or it is the path of another call.
      ...(name === '' || name === '..'
        ? []
        : withPath.map(({ method, path }) => ({ method, path: fill(path) }))),
      ...wishes.flatMap((body) =>
        ['/v1/plan', '/v1/changes'].map((path) => ({ method: 'POST', path, body })),
      ),
      ...['/v1/changes', '/v1/doctor', '/v1/events'].map((path) => ({
        method: 'GET',
        path: `${path}?stack=${inPath}`,
      })),
      { method: 'GET', path: `/v1/stacks/${stack}/logs?service=${inPath}` },
      {
        method: 'POST',
        path: `/v1/stacks/${stack}/exec`,
        body: { service: name, command: { argv: ['true'], shell: false } },
      },
    ];
  };

  for (const [what, name] of Object.entries(NAMES)) {
    test(`a name ${what} is refused wherever the API takes one`, async () => {
      for (const sent of placesOf(name)) {
        const { status, report } = await call(sent);
        const said = `${sent.method} ${sent.path.slice(0, 90)} ${JSON.stringify(sent.body ?? '').slice(0, 90)}: ${report.code}`;
        assert.equal(status, 400, said);
        assert.equal(report.code, 'call.invalid', said);
        assert.doesNotMatch(report.message, CONTROL, said);
        assert.ok(report.message.length < 2000, said);
      }
      // This one takes any text, for it names jobs too; what is not there is unknown.
      if (name !== '') {
        const path = `/v1/stacks/hostile-input/logs?instance=${encodeURIComponent(name)}`;
        const { report } = await call({ method: 'GET', path });
        assert.match(report.code, /^(logs\.unknown|call\.invalid)$/);
      }
    });

    // execve(2) carries no NUL: it can not be typed.
    const cannotBeTyped = name.includes('\0') && 'no argument has a NUL';
    test(`a name ${what} is refused wherever the CLI takes one`, { skip: cannotBeTyped }, async () => {
      const commands = [
        ['status', '--stack', name], ['ps', '--stack', name], ['releases', '--stack', name], ['deploy', '--stack', name],
        ['rollback', name], ['scale', `${name}=2`], ['restart', name], ['start', name], ['stop', name], ['run', name],
        ['down', '--stack', name], ['health', name], ['logs', name], ['exec', name, '--', 'touch', 'owned'],
        ['changes', 'show', name], ['changes', 'cancel', name], ['changes', 'follow', name], ['doctor', '--stack', name],
        ['lock', 'acquire', name, '--task', 't'], ['lock', 'acquire', 'export', '--task', name], ['lock', 'status', '--stack', name],
        ['lock', 'release', '--task', name], ['lock', 'run', '--task', name, '--', 'touch', 'owned'], ['completion', name], ['agent', name], [name],
      ]; // prettier-ignore
      for (const command of commands) {
        // Its help, and an option of ours: both are good.
        if (name === '' && command.length === 1) continue;
        const { code, stdout, stderr } = await run(...command);
        const said = `reeve ${command.join(' ').slice(0, 100)}: exit ${code}: ${(stdout + stderr).slice(0, 300)}`;
        // Letting go of what nobody has is done already.
        assert.ok(code === 2 || code === 1 || /was free already/.test(stdout), said);
        assert.doesNotMatch(stdout + stderr, CONTROL, said);
        assert.doesNotMatch(stdout + stderr, /This is a bug|\n\s+at /, said);
      }
    });

    test(`a name ${what} is refused wherever a stack file takes one`, async () => {
      const quoted = JSON.stringify(name);
      const was = stackFile();
      const files = [
        was.replace('name: hostile-input', `name: ${quoted}`),
        was.replace('  web:\n', `  ${quoted}:\n`),
        `${was}jobs:\n  ${quoted}: { run: "true", phase: gate }\n`,
        was.replace('    stop:', `    depends_on: [${quoted}]\n    stop:`),
        was.replace('ref: main', `ref: ${quoted}`),
        // A route may be a path alone, or say nothing and be the usual one.
        ...(name === '' || name.startsWith('/')
          ? []
          : [was.replace('route: hostile-input.localhost', `route: ${quoted}`)]),
        `${was}required: [${quoted}]\n`,
      ];
      for (const text of files) {
        const { status, report } = await call({
          method: 'POST',
          path: '/v1/plan',
          body: { want: 'deploy', file: { path: join(stage.stackFolder, 'reeve.yaml'), text } },
        });
        const said = `${text.slice(0, 300)}\n${JSON.stringify(report).slice(0, 500)}`;
        if (report.code === 'source.bad-ref' || report.code === 'source.missing') continue;
        assert.equal(status, 400, said);
        assert.match(report.code, /^(stack|env)\.invalid$/, said);
        assert.ok(
          (report.problems ?? []).every(({ line }) => line >= 1),
          said,
        );
      }
    });
  }

  test('none of these names touched anything', async () => {
    assert.equal(await look(), standing);
    assert.equal((await stage.status()).lock.owner, 'free');
  });

  // From the inside out: no path on the way is longer than the kernel takes.
  const deep = (levels: number, name: string): string =>
    `set -e; mkdir in; touch in/leaf; for i in $(seq ${levels}); do mkdir out; mv in out/${name}; mv out in; done`;
  // Folders this deep are too much for paths as Node has them.
  const remove = (folder: string): unknown => execFileSync('rm', ['-rf', folder]);

  const TREES: Readonly<
    Record<
      string,
      { readonly make: (folder: string) => void; readonly says: RegExp; readonly needsRoot?: true }
    >
  > = {
    'a link that climbs out': {
      make: (folder) => symlinkSync('../../../etc/passwd', join(folder, 'lib/escape')),
      says: /"lib\/escape"/,
    },
    'an absolute link': {
      make: (folder) => symlinkSync('/etc', join(folder, 'lib/etc')),
      says: /"lib\/etc"/,
    },
    'a link through a folder and out': {
      make: (folder) => symlinkSync('deep/../../../x', join(folder, 'lib/round')),
      says: /"lib\/round"/,
    },
    'a link into the state folder': {
      make: (folder) => symlinkSync(stage.env.REEVE_HOME!, join(folder, 'state')),
      says: /"state"/,
    },
    'a FIFO': {
      make: (folder) => execFileSync('mkfifo', [join(folder, 'lib/pipe')]),
      says: /"lib\/pipe".* it is a FIFO/,
    },
    'a device': {
      make: (folder) => execFileSync('mknod', [join(folder, 'lib/zero'), 'c', '1', '5']),
      says: /"lib\/zero".* it is a device/,
      needsRoot: true,
    },
    'a path of 5,000 characters': {
      make: (folder) => execFileSync('sh', ['-c', deep(50, 'd'.repeat(100))], { cwd: folder }),
      says: /ddd/,
    },
    'a file of another name than text': {
      make: (folder) => execFileSync('sh', ['-c', 'touch "$(printf "bad\\377name")"'], { cwd: folder }),
      says: /bad.name.*UTF-8/,
    },
  };

  for (const [what, { make, says, needsRoot }] of Object.entries(TREES)) {
    test(
      `a release tree with ${what} is refused with its path, and leaves nothing`,
      { skip: needsRoot && !isRoot ? 'only root can make one' : false },
      async () => {
        const folder = join(stage.folder, 'tree');
        mkdirSync(join(folder, 'lib/deep'), { recursive: true });
        make(folder);
        stage.write('reeve.yaml', stackFile().replace('{ git: ../repository, ref: main }', folder));
        const { code, stdout } = await run('deploy', '--json');
        const { error } = JSON.parse(stdout) as { error: ErrorReport };
        remove(folder);
        assert.match(error.code, /^source\.(unsafe|unreadable)$/, stdout.slice(0, 800));
        assert.ok(code === 2 || code === 1);
        assert.match(error.message, says);
        assert.equal(await look(), standing);
        assert.deepEqual(readdirSync(join(stage.env.REEVE_HOME!, 'stacks/hostile-input/releases')), ['1']);
      },
    );
  }

  test('a release tree with a socket is refused with its path', async () => {
    const folder = join(stage.folder, 'tree');
    mkdirSync(folder);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(folder, 'x.sock'), resolve));
    stage.write('reeve.yaml', stackFile().replace('{ git: ../repository, ref: main }', folder));
    const { stdout } = await run('deploy', '--json');
    await new Promise((resolve) => server.close(resolve));
    remove(folder);
    const { error } = JSON.parse(stdout) as { error: ErrorReport };
    assert.equal(error.code, 'source.unsafe');
    assert.match(error.message, /"x\.sock".* it is a socket/);
  });

  test('a release tree of 400 folders in each other is planned', async () => {
    const folder = join(stage.folder, 'deep');
    mkdirSync(join(folder, ...Array.from({ length: 400 }, () => 'd')), { recursive: true });
    stage.write('reeve.yaml', stackFile().replace('{ git: ../repository, ref: main }', folder));
    const planned = await run('plan', '--json');
    assert.equal(planned.code, 0, planned.stdout.slice(0, 500));
    remove(folder);
    stage.write('reeve.yaml', stackFile());
  });

  test('escape sequences in log lines, probe words and commit messages never reach the reader', async () => {
    stage.write('reeve.yaml', stackFile());
    const commands = [
      'logs', 'logs --json', 'logs web --grep fine', 'status', 'ps', 'ps --json', 'health', 'releases', 'releases --json',
      'plan --force', 'plan --force --json', 'changes list', 'changes show 1', 'doctor', 'audit', 'metrics',
    ]; // prettier-ignore
    let all = '';
    for (const command of commands) {
      const { stdout, stderr } = await run(...command.split(' '));
      all += stdout;
      assert.doesNotMatch(stdout + stderr, CONTROL, command);
    }
    assert.match(all, /fine/, 'the words are there');
    const deploy = await stage.reeve('deploy', '--json');
    assert.doesNotMatch(deploy.stdout + deploy.stderr, CONTROL);
  });

  test('on a terminal only the colours of Reeve are left', async () => {
    for (const command of ['logs', 'status', 'ps', 'health', 'releases', 'plan --force', 'changes show 1']) {
      const env = { ...(stage.env as Readonly<Record<string, string>>), NO_COLOR: '' };
      const { stdout } = await cli(command.split(' '), { env, cwd: stage.stackFolder, columns: 200 });
      // Select Graphic Rendition is all we write; nothing that moves, clears, names or links.
      // oxlint-disable-next-line no-control-regex
      assert.doesNotMatch(stdout.replaceAll(/\u001b\[[\d;]*m/g, ''), CONTROL, command);
    }
  });
});
