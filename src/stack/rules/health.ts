import { joinWords, quote } from '../quote.ts';
import type { WrittenService } from '../schema/written-service.ts';
import { type RuleContext, type ServiceFacts, servicesOf } from './rule.ts';

const LONGEST_PATTERN = 500;
const KINDS = ['http', 'tcp', 'exec', 'log'] as const;

type WrittenHealth = Exclude<WrittenService['health'], string | null | undefined>;

export const checkHealth = (context: RuleContext): void => {
  for (const facts of servicesOf(context)) {
    const { written, service } = facts;
    judgePort(context, facts);
    if (typeof written.health === 'string') judgeHttpPath(context, facts, []);
    if (typeof written.health !== 'object' || written.health === null) continue;
    judgeKinds(context, facts, written.health);
    if (service.health.probe?.kind === 'http') judgeHttpPath(context, facts, ['http']);
    if (service.health.probe?.kind === 'log') judgePattern(context, facts, service.health.probe.pattern);
  }
};

const judgePort = ({ places, error }: RuleContext, { path, service }: ServiceFacts): void => {
  const kind = service.health.probe?.kind;
  if (service.port !== null || (kind !== 'http' && kind !== 'tcp')) return;
  error(places.ofValue([...path, 'port']), {
    code: 'health.no-port',
    message: `Cannot probe ${quote(service.name)} over ${kind}: its port is null, one is required`,
    fix: 'write port: auto, or probe it with exec or log',
  });
};

const judgeHttpPath = (
  { places, error }: RuleContext,
  { path, service }: ServiceFacts,
  below: readonly string[],
): void => {
  const written = service.health.probe?.kind === 'http' ? service.health.probe.path : '';
  if (/^\/[\u0021-\u007e]*$/.test(written)) return;
  const url = /^https?:\/\/[^/]+(\/.*)?$/.exec(written);
  error(places.ofValue([...path, 'health', ...below]), {
    code: 'health.bad-path',
    message: `Cannot probe ${quote(service.name)} on ${quote(written)}: a path that begins with "/" is required`,
    fix: url ? `write ${url[1] ?? '/'}: Reeve asks the instance on its own port` : fixPath(written),
  });
};

const fixPath = (written: string): string =>
  /^[\w./-]+$/.test(written) && !(KINDS as readonly string[]).includes(written)
    ? `write /${written}`
    : 'write /up, or a map such as {tcp: true}';

const judgeKinds = (
  { places, error, warn }: RuleContext,
  { path, service }: ServiceFacts,
  written: WrittenHealth,
): void => {
  const [first, ...others] = KINDS.filter((kind) => written[kind] !== undefined);
  for (const kind of others) {
    error(places.ofKey([...path, 'health', kind]), {
      code: 'health.two-probes',
      message: `Cannot probe ${quote(service.name)} by ${kind}: it is probed by ${first}, one probe is allowed`,
      fix: `remove one of ${joinWords([first!, ...others])}`,
    });
  }
  for (const key of ['status', 'host'] as const) {
    if (written[key] === undefined || written.http !== undefined) continue;
    warn(places.ofKey([...path, 'health', key]), {
      code: 'key.no-effect',
      message: `Cannot use ${quote(key)} in the health of ${quote(service.name)}: it belongs to an http probe`,
      fix: `add http, or remove ${key}`,
    });
  }
};

const judgePattern = (
  { places, error }: RuleContext,
  { path, service }: ServiceFacts,
  pattern: string,
): void => {
  const why = whyBadPattern(pattern);
  if (why === null) return;
  error(places.ofValue([...path, 'health', 'log']), {
    code: 'health.bad-pattern',
    message: `Cannot look for ${quote(pattern)} in the output of ${quote(service.name)}: ${why}`,
    expected: `a JavaScript regular expression of at most ${LONGEST_PATTERN} characters`,
  });
};

const whyBadPattern = (pattern: string): string | null => {
  if (pattern === '') return 'it is empty, and would match anything';
  if (pattern.length > LONGEST_PATTERN) return `it has ${pattern.length} characters`;
  try {
    new RegExp(pattern);
    return null;
  } catch (error) {
    // "Invalid regular expression: /(/: Unterminated group": the last part is the news.
    const reason = (error as Error).message.split(': ').at(-1)!;
    return reason.charAt(0).toLowerCase() + reason.slice(1);
  }
};
