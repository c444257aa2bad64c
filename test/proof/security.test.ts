// What must stay secret stays so on a real agent: files by their modes, values in every place that could show them.
import assert from 'node:assert/strict';
import { chmodSync, lstatSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { cli } from '../worlds/cli-world.ts';
import { openStage, type Ran, type Stage } from '../worlds/stage.ts';
import { PROGRAMS } from '../worlds/web-stack.ts';

const isRoot = process.getuid?.() === 0;
const needsRoot = !isRoot && 'only root can run programs as another user';

const TOKEN = 'tr0ub4dor/+&3 mo"re-9c1';
const GIT_PASSWORD = 'g1t-p4ss-7f3e21';

// As they are, and as they are commonly encoded.
const FORMS = [TOKEN, GIT_PASSWORD].flatMap((secret) => [
  secret,
  Buffer.from(secret).toString('base64'),
  encodeURIComponent(secret),
  JSON.stringify(secret).slice(1, -1),
]);

const leaks = (text: string): readonly string[] => FORMS.filter((form) => text.includes(form));

const STACK_FILE = `name: sealed
source: { folder: ., exclude: [.env] }
env_files: [.env]
services:
  web:
    run: $REEVE_NODE web.mjs
    route: sealed.localhost
    health: { http: /up, interval: 500ms, settle: 200ms, within: 5s }
    stop: { grace: 1s }
  lowly:
    run: sh lowly.sh
    health: { log: "lowly: up", settle: 100ms }
    stop: { grace: 0s }
${isRoot ? '    user: nobody\n' : ''}jobs:
  check: { phase: gate, run: sh check.sh }
bake: 0s
warm: 0s
`;

const SAYS_IT = `console.log('my token is ' + process.env.API_TOKEN);`;

describe('a real agent with secrets', () => {
  let stage: Stage;
  let home: string;
  const seenArguments = new Set<string>();
  const outputs: Ran[] = [];

  // Looks at the arguments of every process while things are done, and not while they are only looked at.
  let isWatching = true;
  let looks = 0;
  const watch = async (): Promise<void> => {
    while (isWatching) {
      looks += 1;
      for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name)))
        for (const form of leaks(readOr(`/proc/${pid}/cmdline`, ''))) seenArguments.add(form);
      await sleep(20);
    }
  };
  let watched: Promise<void>;

  /** The same without a process of its own. */
  const look = async (...args: string[]): Promise<string> => {
    const env = stage.env as Readonly<Record<string, string>>;
    const { code, stdout, stderr } = await cli(args, { env, cwd: stage.stackFolder });
    outputs.push({ exit: code, stdout, stderr, tookMs: 0 });
    return stdout;
  };

  const reeve = async (...args: string[]): Promise<Ran> => {
    const ran = await stage.reeve(...args);
    outputs.push(ran);
    return ran;
  };

  before(async () => {
    watched = watch();
    stage = await openStage({
      stack: 'sealed',
      files: {
        'reeve.yaml': STACK_FILE,
        'web.mjs': SAYS_IT + PROGRAMS.good,
        'lowly.sh': 'echo "lowly: up as $(id -u) with $API_TOKEN"; exec sleep 100000\n',
        'check.sh': 'echo "check: $API_TOKEN"\n',
        '.env': `API_TOKEN='${TOKEN}'\n`,
      },
    });
    home = stage.env.REEVE_HOME!;
    // So that only the state folder itself keeps others out.
    chmodSync(stage.folder, 0o755);
    chmodSync(join(stage.stackFolder, '.env'), 0o600);
    const up = await reeve('up');
    assert.equal(up.exit, 0, up.stderr);
  });

  after(async () => {
    isWatching = false;
    await watched;
    await stage.close();
  });

  const files = (): readonly string[] =>
    readdirSync(home, { recursive: true })
      .map((name) => join(home, String(name)))
      .filter((path) => lstatSync(path, { throwIfNoEntry: false })?.isFile());

  test('keeps the state folder, socket, database, environments, edge token and logs to itself', () => {
    const modeOf = (path: string): string => (statSync(join(home, path)).mode & 0o777).toString(8);
    assert.equal(modeOf('agent.sock'), '660');
    assert.equal(modeOf('reeve.db'), '600');
    for (const path of readdirSync(home).filter((name) => name.startsWith('reeve.db-')))
      assert.equal(modeOf(path), '600', path);
    assert.equal(modeOf('agent.log'), '640');
    assert.equal(modeOf('stacks/sealed/releases/1/env.json'), '600');
    assert.equal(modeOf('edge/token'), '600');
    assert.equal(modeOf('edge/edge.log'), '600');
    assert.equal(modeOf('stacks/sealed/logs/web/1-blue.out'), '640');
    // Others may pass through to the folder of their own program, and list nothing.
    assert.equal(statSync(home).mode & 0o006, 0, modeOf('.'));
    assert.equal(statSync(join(home, 'edge')).mode & 0o077, 0);
    for (const path of files())
      assert.equal(statSync(path).mode & 0o002, 0, `${path} can be written by anybody`);
  });

  test(
    'lets no service that runs as another user read or write what is not its own',
    { skip: needsRoot },
    async () => {
      const own = (path: string): boolean => statSync(path).uid === 65_534;
      const others = files().filter((path) => !path.includes('/tree/') && !own(path));
      assert.ok(others.length > 8, others.join('\n'));
      const script =
        'id -u; for path; do cat "$path" >/dev/null 2>&1 && echo "read $path"; : 2>/dev/null >>"$path" && echo "wrote $path"; done';
      const { exit, stdout } = await reeve(
        'exec',
        'lowly',
        '--',
        'sh',
        '-c',
        `${script}; ls ${home} ${home}/stacks/sealed 2>/dev/null`,
        'sh',
        ...others,
      );
      assert.equal(stdout, '65534\n', `exit ${exit}`);
    },
  );

  test(
    'lets no service that runs as another user talk to the agent or the edge',
    { skip: needsRoot },
    async () => {
      const sockets = [
        join(home, 'agent.sock'),
        ...readdirSync(join(home, 'edge'))
          .filter((name) => name.endsWith('.sock'))
          .map((name) => join(home, 'edge', name)),
      ];
      assert.ok(sockets.length >= 2, sockets.join());
      for (const path of sockets) {
        const { stdout, exit } = await reeve(
          'exec',
          'lowly',
          '--',
          'sh',
          '-c',
          'test -w "$1" && echo writable; exit 0',
          'sh',
          path,
        );
        assert.equal(exit, 0);
        assert.equal(stdout.trim(), '', path);
      }
    },
  );

  test('shows no secret when a gate fails whose program prints it', async () => {
    stage.write(
      'web.mjs',
      `${SAYS_IT} console.error('and in base64 ' + Buffer.from(process.env.API_TOKEN).toString('base64')); process.exitCode = 3;`,
    );
    const text = await reeve('deploy');
    assert.equal(text.exit, 1, text.stdout + text.stderr);
    assert.match(text.stderr + text.stdout, /my token is \[secret\]/);
    const json = await reeve('deploy', '--json');
    assert.match(json.stdout, /my token is \[secret\]/);
    stage.write('web.mjs', SAYS_IT + PROGRAMS.good);
  });

  test('shows no secret when a job fails that prints it', async () => {
    stage.write('check.sh', 'echo "check: cannot log in with $API_TOKEN" >&2; exit 4\n');
    const failed = await reeve('deploy');
    assert.equal(failed.exit, 1);
    assert.match(failed.stderr + failed.stdout, /cannot log in with \[secret\]/);
    const { id } = await stage.lastChange();
    const log = await look('logs', `job-${id}-check`);
    assert.match(log, /cannot log in with \[secret\]/);
    stage.write('check.sh', 'echo fine\n');
  });

  test('shows no password of a git URL, whether it is refused or can not be reached', async () => {
    const was = readFileSync(join(stage.stackFolder, 'reeve.yaml'), 'utf8');
    for (const source of [
      `{ git: "https://bot:${GIT_PASSWORD}@127.0.0.1:9/shop.git", ref: main }`,
      `{ git: "ext::https://bot:${GIT_PASSWORD}@127.0.0.1:9/shop.git", ref: main }`,
      `{ git: "https://bot:${GIT_PASSWORD}@127.0.0.1:9:x/shop.git", ref: main }`,
      `{ folder: "https://bot:${GIT_PASSWORD}@127.0.0.1:9/shop.git" }`,
    ]) {
      stage.write('reeve.yaml', was.replace(/^source: .*$/m, `source: ${source}`));
      for (const command of [['validate'], ['plan', '--json'], ['deploy']]) {
        await look(...command);
        const ran = outputs.at(-1)!;
        assert.deepEqual(leaks(ran.stdout + ran.stderr), [], `${command.join(' ')} of ${source}`);
        if (command[0] !== 'validate') assert.notEqual(ran.exit, 0);
        assert.notEqual(ran.exit, 70, ran.stderr);
      }
    }
    stage.write('reeve.yaml', was);
  });

  test('put no secret into the arguments of a process at any moment', async () => {
    isWatching = false;
    await watched;
    assert.deepEqual([...seenArguments], []);
    assert.ok(looks > 50, `${looks} looks`);
  });

  test('shows no secret in what any command prints', async () => {
    const { id } = await stage.lastChange();
    for (const command of [
      'status',
      'status --json',
      'ps',
      'ps --json',
      'logs',
      'logs --json',
      'health --json',
      'releases --json',
      'releases',
      'changes list --json',
      `changes show ${id}`,
      `changes show ${id} --json`,
      'changes show 1 --json',
      'doctor --json',
      'doctor',
      'audit --json',
      'audit',
      'metrics',
      'plan --json',
      'plan',
      'plan --force --json',
      'edge status --json',
      'edge routes --json',
      'lock status --json',
      'agent status --json',
      'version --json',
      'completion bash',
      'completion zsh',
      'completion fish',
      'logs --grep token',
      'logs --grep tr0ub4dor',
    ])
      // prettier-ignore
      await look(...command.split(' '));
    assert.ok(outputs.length > 30);
    for (const { stdout, stderr } of outputs) assert.deepEqual(leaks(stdout + stderr), []);
  });

  test('gives no secret to whoever searches logs for a part of it', async () => {
    for (const pattern of ['tr0ub4dor', 'token is tr', 'ub4d'])
      assert.equal(await look('logs', 'web', '--grep', pattern), '', pattern);
  });

  test('writes secrets to the files that keep them for one user, and leaves what programs write to their output', () => {
    const holders = files().filter((path) => leaks(readFileSync(path, 'latin1')).length > 0);
    // Of each release, and of releases that are gone so that their output stays masked.
    const keeping = holders.filter((path) => !path.includes('/logs/'));
    for (const path of keeping) {
      assert.match(path, /\/(releases\/\d+\/env|retired-secrets)\.json$/);
      assert.equal(statSync(path).mode & 0o777, 0o600, path);
    }
    assert.ok(
      keeping.some((path) => path.endsWith('/env.json')),
      'the search finds what is there',
    );
    for (const path of holders) assert.equal(statSync(path).mode & 0o007, 0, path);
  });

  test('gives a service the secrets of its own stack, and none of the agent', async () => {
    const { stdout } = await reeve('exec', 'lowly', '--', 'sh', '-c', 'env | cut -d= -f1 | sort');
    const names = stdout.trim().split('\n');
    assert.ok(names.includes('API_TOKEN'));
    const foreign = Object.keys(process.env).filter(
      (name) => !/^(PATH|HOME|LANG|LC_.*|TZ|USER|LOGNAME|PWD|OLDPWD|SHLVL|TERM|_)$/.test(name),
    );
    assert.deepEqual(
      names.filter((name) => foreign.includes(name) && !name.startsWith('REEVE_')),
      [],
    );
  });
});

const readOr = (path: string, otherwise: string): string => {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return otherwise;
  }
};
