import { existsSync, globSync } from 'node:fs';
import type { ExecContext, ExecRequest, LogsQuery } from '../../api/wire.ts';
import { Refusal } from '../../model/error.ts';
import { instanceLogPath, jobLogPath, type Layout, logsFolder } from '../../model/layout.ts';
import { instanceId, isName, type Name, parseInstanceId } from '../../model/names.ts';
import type { LogBook, LogFile, LogLine } from '../../ports/log-book.ts';
import type { ReleaseDisk } from '../../ports/release-disk.ts';
import type { Store } from '../../ports/store.ts';
import { describeReleases, describeStack, type StackViews } from '../describe-stack.ts';
import type { Handlers } from './table.ts';

type Calls = 'listStacks' | 'stackStatus' | 'releases' | 'logs' | 'execContext' | 'readLock';

export type StackHands = StackViews & {
  readonly layout: Layout;
  readonly logBook: LogBook;
  readonly releaseDisk: ReleaseDisk;
};

export const stackHandlers = (hands: StackHands): Pick<Handlers, Calls> => {
  const { store } = hands;

  // One that was taken down has its releases and logs still.
  const known = (stack: Name): Name => {
    if (store.stacks.get(stack) || store.releases.list(stack, 1).length > 0) return stack;
    const others = store.stacks.list().map(({ name }) => `"${name}"`);
    throw new Refusal(
      'stack.unknown',
      `Cannot find stack "${stack}": this agent has ${others.join(', ') || 'no stack'}`,
      { fix: 'bring it up first: reeve up' },
    );
  };

  return {
    listStacks: () => Promise.all(store.stacks.list().map(({ name }) => describeStack(hands, name))),
    stackStatus: ({ params }) => describeStack(hands, known(params.stack)),
    releases: ({ params, query }) => describeReleases(store, known(params.stack), query.limit),
    logs: ({ params, query, signal }) => readLogs(hands, known(params.stack), query, signal),
    execContext: ({ params, body }) => execContext(hands, known(params.stack), body),
    readLock: ({ params }) => store.lock.read(params.stack),
  };
};

const readLogs = (
  { store, layout, logBook }: StackHands,
  stack: Name,
  query: Partial<LogsQuery>,
  signal: AbortSignal,
): AsyncIterable<LogLine> => {
  const files = logFiles(store, layout, stack, query);
  const { tail = null, since = null, grep = null, follow = false } = query;
  return logBook.read(files, { tail, since, grep, follow }, signal);
};

const STREAMS = ['out', 'err'] as const;

const logFiles = (store: Store, layout: Layout, stack: Name, query: Partial<LogsQuery>): LogFile[] => {
  const [, change, job] = /^job-(\d{1,15})-(.+)$/.exec(query.instance ?? '') ?? [];
  if (job !== undefined && isName(job))
    return jobLogFiles(store, layout, stack, { change: Number(change), job });
  const wanted = placesOf(store, layout, stack).filter(
    ({ id, service }) =>
      (!query.service || service === query.service) && (!query.instance || id === query.instance),
  );
  if (wanted.length === 0) {
    const asked = query.instance ?? query.service ?? stack;
    throw noLogs(asked, `stack "${stack}" has no such service or instance`, 'see what there is: reeve ps');
  }
  return wanted.flatMap(({ id }) =>
    STREAMS.map((stream) => ({ path: instanceLogPath(layout, stack, id, stream), stream, instance: id })),
  );
};

const jobLogFiles = (
  store: Store,
  layout: Layout,
  stack: Name,
  { change, job }: { readonly change: number; readonly job: Name },
): LogFile[] => {
  const instance = `job-${change}-${job}`;
  const files = STREAMS.map((stream) => ({
    path: jobLogPath(layout, stack, change, job, stream),
    stream,
    instance,
  }));
  // A job that is about to run can be followed; one whose change is forgotten may still have its output.
  const found = store.journal.get(change);
  const isPlanned =
    found?.stack === stack &&
    found.plan.steps.some((step) => step.kind === 'run-job' && step.args.job === job);
  if (isPlanned || files.some(({ path }) => existsSync(path))) return files;
  throw noLogs(instance, `change ${change} of "${stack}" ran no such job`, 'see what ran: reeve changes');
};

const noLogs = (asked: string, fact: string, fix: string): Refusal =>
  new Refusal('logs.unknown', `Cannot read the logs of "${asked}": ${fact}`, { fix });

// What the current release has or may have, which a follower waits for, and whatever else has left output on disk.
const placesOf = (store: Store, layout: Layout, stack: Name): { id: string; service: Name }[] => {
  const ids = new Map<string, Name>();
  const current = store.releases.current(stack) ?? store.releases.list(stack, 1)[0];
  for (const service of current?.stack.services ?? []) {
    for (let slot = 1; slot <= service.replicas; slot += 1) {
      for (const seat of ['blue', 'green'] as const)
        ids.set(instanceId({ service: service.name, slot, seat }), service.name);
    }
  }
  for (const row of store.instances.list(stack)) ids.set(instanceId(row), row.service);
  for (const id of loggedInstances(layout, stack)) ids.set(id, parseInstanceId(id)?.service ?? id);
  return [...ids].map(([id, service]) => ({ id, service }));
};

const loggedInstances = (layout: Layout, stack: Name): string[] => {
  const folder = logsFolder(layout, stack);
  return globSync('*/*-{blue,green}.{out,err}', { cwd: folder })
    .map((path) => path.replace('/', '-').replace(/\.(out|err)$/, ''))
    .filter((id) => parseInstanceId(id) !== null);
};

const execContext = ({ store, releaseDisk }: StackHands, stack: Name, request: ExecRequest): ExecContext => {
  const rows = store.instances.list(stack).filter(({ service }) => service === request.service);
  const row = rows.find(({ warmUntil }) => warmUntil === null) ?? rows[0];
  const release = row && store.releases.get(stack, row.release);
  if (!row || !release) throw notRunning(store, stack, request.service);
  const { spec } = releaseDisk.describeInstance(release, row);
  const { argv, shell } = request.command;
  return {
    argv: shell ? ['/bin/sh', '-c', argv.join(' ')] : argv,
    workingFolder: spec.workingFolder,
    env: spec.env,
    user: spec.user,
  };
};

const notRunning = (store: Store, stack: Name, service: Name): Refusal => {
  const current = store.releases.current(stack);
  const known = current?.stack.services.map(({ name }) => name) ?? [];
  return known.includes(service)
    ? new Refusal('exec.not-running', `Cannot run a command in "${service}": none of its copies runs`, {
        fix: `start it: reeve start ${service}`,
      })
    : new Refusal(
        'service.unknown',
        `Cannot run a command in "${service}": stack "${stack}" has no such service`,
        { fix: known.length > 0 ? `name one of ${known.join(', ')}` : 'bring the stack up first: reeve up' },
      );
};
