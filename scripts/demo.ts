// The main job on real programs, narrated: no root, no Docker, no Caddy. Exits 0 only if all of it held.
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readStat } from '../src/kit/process-identity.ts';
import { type LoadReport, startLoad } from './demo/load.ts';
import { openStage, projectRoot, type Ran } from '../test/worlds/stage.ts';

type Act = {
  readonly title: string;
  readonly held: boolean;
  readonly facts: string;
  readonly load: LoadReport | null;
};

const GREETING = "const GREETING = 'Welcome to the guestbook';";

const keep = process.argv.includes('--keep');
const stage = await openStage({
  stack: 'quickstart',
  copyOf: join(projectRoot, 'examples/quickstart'),
  wantedPort: 7080,
});
const acts: Act[] = [];
const began = performance.now();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, leaveNothing);

try {
  await bringUp();
  await deploySecond();
  await refuseThird();
  await takeBackFourth();
  await rollBack();
  await killAgent();
  if (!keep) await takeDown();
} finally {
  if (!keep) await stage.close();
}

printTable();
const held = acts.every((act) => act.held);
console.log(held ? `\nAll of it held, in ${seconds(performance.now() - began)}.` : '\nNot all of it held.');
if (keep) sayHowToLook();
process.exit(held ? 0 : 1);

async function bringUp(): Promise<void> {
  say('Start an agent and bring quickstart up: a web service on SQLite, and two workers');
  const up = await stage.reeve('up');
  const { services } = await stage.status();
  const instances = services.flatMap((service) => service.instances);
  const healthy = instances.filter(({ health }) => health === 'healthy').length;
  tell(
    up,
    'up',
    up.exit === 0 && healthy === 3,
    `${healthy} of ${instances.length} instances healthy after ${seconds(up.tookMs)}`,
    null,
  );
}

async function deploySecond(): Promise<void> {
  say('Deploy a second version under load');
  stage.edit('web.ts', GREETING, "const GREETING = 'Welcome back to the guestbook';");
  const { ran, load } = await underLoad(() => stage.reeve('deploy'));
  const { greeting, release } = await ask();
  const isNew = greeting === 'Welcome back to the guestbook' && release === '2';
  tell(
    ran,
    'deploy under load',
    ran.exit === 0 && isNew && load.dropped + load.errors === 0,
    `release ${release} answers after ${seconds(ran.tookMs)}; traffic moved in ${await stepTook('switch-routes')}`,
    load,
  );
}

async function refuseThird(): Promise<void> {
  say('Deploy a broken third version, which listens on the wrong port: the gate refuses it');
  stage.edit('web.ts', 'server.listen(port,', 'server.listen(port + 1000,');
  stage.edit('reeve.yaml', 'within: 15s }\n    stop', 'within: 4s }\n    stop');
  const { ran, load } = await underLoad(() => stage.reeve('deploy'));
  const { release } = await ask();
  tell(
    ran,
    'broken release refused',
    ran.exit === 1 && release === '2' && load.dropped + load.errors === 0,
    `refused after ${seconds(ran.tookMs)}; release ${release} still answers`,
    load,
  );
  console.log(indent(firstLines(ran.stderr || ran.stdout, 'Cannot', 4)));
  stage.edit('web.ts', 'server.listen(port + 1000,', 'server.listen(port,');
  stage.edit('reeve.yaml', 'within: 4s }\n    stop', 'within: 15s }\n    stop');
}

async function takeBackFourth(): Promise<void> {
  say('Deploy a fourth that passes its gate and turns bad while it is watched: it is taken back');
  const turn = "  if (process.uptime() > 4) return reply(response, 500, { error: 'out of ideas' });\n";
  const first = "  if (path === '/' && request.method === 'GET') {\n";
  stage.edit('web.ts', first, turn + first);
  const { ran, load } = await underLoad(() => stage.reeve('deploy'));
  const { release } = await ask();
  const good = load.requests - load.errors;
  tell(
    ran,
    'bad release taken back',
    ran.exit === 1 && release === '2' && load.dropped === 0 && load.errors > 0,
    `taken back after ${seconds(ran.tookMs)}; release ${release} answers again; the bad one had answered ${load.errors} of ${good + load.errors} requests with 500`,
    load,
  );
  console.log(indent(firstLines(ran.stderr || ran.stdout, 'Cannot', 3)));
  stage.edit('web.ts', turn + first, first);
}

async function rollBack(): Promise<void> {
  say('Roll back by hand to release 1');
  const { ran, load } = await underLoad(() => stage.reeve('rollback', '1'));
  const { greeting, release } = await ask();
  const isOld = greeting === 'Welcome to the guestbook';
  tell(
    ran,
    'rollback by hand',
    ran.exit === 0 && isOld && load.dropped + load.errors === 0,
    `release ${release} answers; traffic moved ${await movedAfter()} after the command arrived`,
    load,
  );
}

async function killAgent(): Promise<void> {
  say('Kill the agent with SIGKILL and start it again');
  const before = await pids();
  const agent = await stage.agentPid();
  const { ran, load } = await underLoad(async () => {
    process.kill(agent, 'SIGKILL');
    while (isRunning(agent)) await sleep(5);
    return stage.reeve('agent', 'start');
  });
  const after = await pids();
  const same = before.length === 3 && before.join() === after.join();
  tell(
    ran,
    'agent killed and restarted',
    ran.exit === 0 && same && load.dropped + load.errors === 0,
    `a new agent after ${seconds(ran.tookMs)}; ${after.length} instances, ${same ? 'the same processes' : 'other processes'}`,
    load,
  );
}

async function takeDown(): Promise<void> {
  say('Take it down');
  const running = await pids();
  const down = await stage.reeve('down');
  const left = running.filter(isRunning).length;
  tell(down, 'down', down.exit === 0 && left === 0, `${left} processes left of ${running.length}`, null);
}

async function underLoad(act: () => Promise<Ran>): Promise<{ ran: Ran; load: LoadReport }> {
  const load = startLoad({ port: stage.edgePort, host: 'quickstart.localhost' });
  await sleep(500);
  const ran = await act();
  await sleep(500);
  return { ran, load: await load.stop() };
}

// Not fetch: it takes no Host header, and not every resolver knows *.localhost.
async function ask(): Promise<{ greeting: string; release: string }> {
  const sent = get({ host: '127.0.0.1', port: stage.edgePort, headers: { host: 'quickstart.localhost' } });
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return JSON.parse((await response.toArray()).join('')) as { greeting: string; release: string };
}

async function pids(): Promise<number[]> {
  const { services } = await stage.status();
  return services
    .flatMap((service) => service.instances)
    .filter(({ warmUntil, pid }) => warmUntil === null && pid !== null)
    .map(({ pid }) => pid!)
    .toSorted((a, b) => a - b);
}

function isRunning(pid: number): boolean {
  const stat = readStat(pid);
  return stat !== null && stat.state !== 'Z';
}

async function stepTook(kind: string): Promise<string> {
  const { plan, records } = await stage.lastChange();
  const step = plan.steps.findLast((candidate) => candidate.kind === kind);
  const at = (event: string): number =>
    records.find((record) => record.step === step?.id && record.event === event)?.at ?? NaN;
  return `${at('done') - at('intent')} ms`;
}

async function movedAfter(): Promise<string> {
  const { plan, records, openedAt } = await stage.lastChange();
  const step = plan.steps.findLast(({ kind }) => kind === 'switch-routes');
  const moved = records.find((record) => record.step === step?.id && record.event === 'done');
  return `${(moved?.at ?? NaN) - openedAt} ms`;
}

function say(title: string): void {
  console.log(`\n${acts.length + 1}. ${title}`);
}

function tell(ran: Ran, title: string, didHold: boolean, facts: string, load: LoadReport | null): void {
  acts.push({ title, held: didHold, facts, load });
  console.log(`   ${facts}`);
  if (load)
    console.log(
      `   ${load.requests} requests, ${load.dropped} dropped, slowest ${Math.round(load.slowestMs)} ms`,
    );
  if (didHold) return;
  console.log(`   this did not hold; exit code ${ran.exit}`);
  console.log(
    indent([...(load?.reasons ?? []), ran.stdout.trim(), ran.stderr.trim()].filter(Boolean).join('\n')),
  );
}

function printTable(): void {
  const rows = acts.map(({ title, held: didHold, load }) => [
    title,
    load ? String(load.requests) : '-',
    load ? String(load.dropped) : '-',
    load ? String(load.errors) : '-',
    load ? `${Math.round(load.slowestMs)} ms` : '-',
    didHold ? 'held' : 'FAILED',
  ]);
  const head = ['act', 'requests', 'dropped', '5xx of the program', 'slowest', ''];
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]!.length)),
  );
  console.log();
  for (const row of [head, ...rows])
    console.log(
      `   ${row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd()}`,
    );
}

function sayHowToLook(): void {
  const home = `REEVE_HOME=${stage.env.REEVE_HOME}`;
  console.log(`
The stack and its agent are still running:
  curl http://quickstart.localhost:${stage.edgePort}/
  ${home} npx reeve status
  ${home} npx reeve logs -f
and stop with:
  ${home} npx reeve down && ${home} npx reeve agent stop && rm -r ${stage.folder}`);
}

// Agent, edge and programs outlive whoever started them. In one go, so that the act it interrupts does nothing more.
function leaveNothing(): void {
  console.log('\nInterrupted: taking it down');
  for (const args of [
    ['agent', 'start'],
    ['down', '--wait', '1m'],
    ['agent', 'stop'],
  ])
    spawnSync(join(projectRoot, 'bin/reeve'), args, { cwd: stage.stackFolder, env: stage.env });
  rmSync(stage.folder, { recursive: true, force: true });
  process.exit(130);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function indent(text: string): string {
  return text.replace(/^/gm, '     | ');
}

function firstLines(text: string, from: string, count: number): string {
  const lines = text.trim().split('\n');
  const start = Math.max(
    0,
    lines.findIndex((line) => line.includes(from)),
  );
  return lines.slice(start, start + count).join('\n');
}
