import type { ExecRequest, Wish } from '../api/wire.ts';
import type { AuditEntry } from '../ports/store.ts';
import type { Called } from './server.ts';

/** A call that changes something as the audit log tells it: `deploy shop`, `scale web=3 of shop`, `cancel change 12`. */
export const describeCall = (entry: Called): Omit<AuditEntry, 'at'> => ({
  by: entry.by,
  what: whatOf(entry),
  change: changeOf(entry),
  outcome: entry.outcome,
});

type Params = { readonly stack?: string; readonly id?: number } | null;

const whatOf = ({ call, params, body, answer }: Called): string => {
  const { stack, id } = (params as Params) ?? {};
  switch (call) {
    case 'stopAgent':
      return 'stop the agent';
    case 'cancelChange':
      return `cancel change ${id ?? ''}`.trimEnd();
    case 'execContext':
      return `exec in ${(body as ExecRequest | null)?.service ?? 'a service'} of ${stack}`;
    case 'change':
      return body === null ? 'change something' : wishWords(body as Wish, answer);
    default:
      return call;
  }
};

const wishWords = (wish: Wish, answer: unknown): string => {
  switch (wish.want) {
    case 'deploy':
      // Which stack a file is of is known once it was read.
      return `deploy ${planOf(answer)?.stack ?? wish.file.path}${wish.ref === undefined ? '' : ` at ${wish.ref}`}`;
    case 'rollback':
      return `roll ${wish.stack} back${wish.release === null ? '' : ` to release ${wish.release}`}`;
    case 'scale':
      return `scale ${wish.service}=${wish.replicas} of ${wish.stack}`;
    case 'restart':
    case 'start':
    case 'stop':
      return `${wish.want} ${wish.services.length === 0 ? 'all services' : wish.services.join(', ')} of ${wish.stack}`;
    case 'down':
      return `${wish.purge ? 'purge' : 'take down'} ${wish.stack}`;
    case 'job':
      return `run ${wish.job} of ${wish.stack}`;
    default:
      return wish satisfies never;
  }
};

const planOf = (answer: unknown): { readonly stack?: string } | undefined => {
  const { plan, change } = (answer ?? {}) as {
    plan?: { stack: string };
    change?: { plan: { stack: string } };
  };
  return plan ?? change?.plan;
};

const changeOf = ({ call, params, answer }: Called): number | null =>
  call === 'cancelChange'
    ? ((params as Params)?.id ?? null)
    : ((answer as { readonly change?: { readonly id?: number } } | null)?.change?.id ?? null);
