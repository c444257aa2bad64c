import type { Command } from 'commander';
import type { LogsQuery } from '../../api/wire.ts';
import { followLogs } from '../../client/follow-logs.ts';
import { realClock } from '../../kit/real-clock.ts';
import { Refusal } from '../../model/error.ts';
import { type Name, parseInstanceId } from '../../model/names.ts';
import type { LogLine } from '../../ports/log-book.ts';
import { chooseStack } from '../choose-stack.ts';
import { withExamples } from '../examples.ts';
import { EXIT } from '../exit-code.ts';
import { createLogPrinter } from '../output/log-printer.ts';
import { readCount, readMoment, readPattern } from '../read-option.ts';
import { action, type Session } from '../session.ts';

type Options = {
  readonly follow?: boolean;
  readonly since?: number;
  readonly tail?: number;
  readonly grep?: string;
};

const TAIL = 100;
const PATIENCE_MS = 60_000;

export const register = (program: Command): void => {
  const command = program
    .command('logs')
    .description('Show the output of services, instances or jobs, secrets masked.')
    .argument(
      '[of...]',
      'services, instances (web-1-blue) or one job (job-12-migrate) (default: the whole stack)',
    )
    .option('-f, --follow', 'go on with what comes; ends with Ctrl-C')
    .option('--since <time>', 'from this time on: a duration ago such as 10m, or an ISO time', readMoment)
    .option(
      '--tail <lines>',
      `last lines of each instance (default: ${TAIL}, or all with --since)`,
      readCount,
    )
    .option('--grep <pattern>', 'only lines that match this regular expression', readPattern)
    .action(
      action(async (session, of: readonly string[], options: Options) => {
        const stack = await chooseStack(session);
        const wanted = chooseLines(stack, of);
        const query = { ...wanted.query, ...queryOf(options) };
        return printLines(session, linesOf(session, stack, query), wanted.isWanted);
      }),
    );
  withExamples(
    command,
    ['reeve logs', 'the last lines of everything'],
    ['reeve logs web worker -f', 'two services, as it happens'],
    ['reeve logs web --since 10m --grep "5\\d\\d"', 'the errors of ten minutes'],
    ['reeve logs web-1-blue --tail 5 --json', 'one instance, as data'],
  );
};

const queryOf = ({ follow, since, tail, grep }: Options): Partial<LogsQuery> => {
  const lines = tail ?? (since === undefined ? TAIL : null);
  return {
    tail: lines,
    ...(follow ? { follow } : {}),
    ...(since === undefined ? {} : { since }),
    ...(grep === undefined ? {} : { grep }),
  };
};

type Wanted = { readonly query: Partial<LogsQuery>; readonly isWanted: (line: LogLine) => boolean };

const JOB = /^job-\d+-/;

// The agent is asked for one thing or for the whole stack; of several, the others' lines are left out here.
const chooseLines = (stack: Name, of: readonly string[]): Wanted => {
  const everything = { query: {}, isWanted: () => true };
  const [only, ...others] = of;
  if (only === undefined) return everything;
  if (others.length === 0) {
    const isInstance = JOB.test(only) || parseInstanceId(only) !== null;
    return { ...everything, query: isInstance ? { instance: only } : { service: only } };
  }
  const job = of.find((one) => JOB.test(one));
  if (job !== undefined) {
    throw new Refusal(
      'cli.usage',
      `Cannot show the logs of "${job}" beside others: a job of "${stack}" has to be asked for alone`,
    );
  }
  const asked = new Set(of);
  return {
    query: {},
    isWanted: ({ instance }) => asked.has(instance) || asked.has(parseInstanceId(instance)?.service ?? ''),
  };
};

const linesOf = (session: Session, stack: Name, query: Partial<LogsQuery>): AsyncIterable<LogLine> => {
  const { client, signal } = session;
  if (query.follow)
    return followLogs(client, stack, query, { clock: realClock, patienceMs: PATIENCE_MS, signal });
  return client.stream('logs', { params: { stack }, query, signal });
};

const printLines = async (
  { output, world, signal }: Session,
  lines: AsyncIterable<LogLine>,
  isWanted: (line: LogLine) => boolean,
): Promise<number> => {
  const print = output.isJson
    ? (line: LogLine): void => output.answer(line, () => [])
    : createLogPrinter(output.voice);
  try {
    for await (const line of lines) if (isWanted(line)) print(line);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return world.interrupted.aborted ? EXIT.interrupted : EXIT.done;
};
