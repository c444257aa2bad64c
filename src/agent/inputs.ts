// What each call accepts, checked before any handler sees it.
import { z } from 'zod';
import { type CallName, CALLS } from '../api/wire.ts';
import { Refusal } from '../model/error.ts';
import { isName } from '../model/names.ts';

const name = z.string().refine(isName, 'a name of lower-case letters, digits and dashes is required');
const id = z.coerce.number().int().positive();
const flag = z.stringbool();

const command = z.strictObject({
  argv: z.array(z.string().max(100_000)).min(1).max(1000),
  shell: z.boolean(),
});

const file = z.strictObject({ path: z.string().min(1).max(4096), text: z.string().max(1_100_000) });

const waitMs = z.number().nonnegative().optional();

const wish = z.discriminatedUnion('want', [
  z.strictObject({
    want: z.literal('deploy'),
    file,
    ref: z.string().min(1).max(250).optional(),
    force: z.boolean().optional(),
    waitMs,
  }),
  z.strictObject({
    want: z.literal('rollback'),
    stack: name,
    release: id.nullable(),
    waitMs,
  }),
  z.strictObject({
    want: z.literal('scale'),
    stack: name,
    service: name,
    replicas: z.number().int().min(0).max(100),
    waitMs,
  }),
  ...(['restart', 'start', 'stop'] as const).map((want) =>
    z.strictObject({ want: z.literal(want), stack: name, services: z.array(name).max(1000), waitMs }),
  ),
  z.strictObject({ want: z.literal('down'), stack: name, purge: z.boolean(), waitMs }),
  z.strictObject({ want: z.literal('job'), stack: name, job: name, waitMs }),
]);

const stackParams = { params: z.strictObject({ stack: name }) };
const idParams = { params: z.strictObject({ id }) };

type Input = { readonly params?: z.ZodType; readonly query?: z.ZodType; readonly body?: z.ZodType };

const INPUTS: Readonly<Partial<Record<CallName, Input>>> = {
  plan: { body: wish },
  change: { body: wish },
  // Here and for releases one more than people are shown at most: it says whether there are more.
  listChanges: { query: z.strictObject({ stack: name.optional(), limit: id.max(1001).optional() }) },
  showChange: idParams,
  followChange: idParams,
  cancelChange: idParams,
  stackStatus: stackParams,
  releases: { ...stackParams, query: z.strictObject({ limit: id.max(100_001).optional() }) },
  logs: {
    ...stackParams,
    query: z.strictObject({
      service: name.optional(),
      instance: z.string().max(200).optional(),
      tail: z.coerce.number().int().min(0).max(10_000_000).optional(),
      since: z.coerce.number().optional(),
      grep: z.string().max(1000).optional(),
      follow: flag.optional(),
    }),
  },
  execContext: { ...stackParams, body: z.strictObject({ service: name, command }) },
  readLock: stackParams,
  doctor: { query: z.strictObject({ stack: name.optional() }) },
  audit: { query: z.strictObject({ limit: id.max(1000).optional() }) },
  events: { query: z.strictObject({ stack: name.optional() }) },
};

/** The checked value. Refusal `call.invalid` naming the part and every complaint. */
export const readInput = (call: CallName, part: keyof Input, value: unknown): unknown => {
  const schema = INPUTS[call]?.[part];
  if (!schema) return {};
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const complaints = result.error.issues.map((issue) => `${issue.path.join('.') || part}: ${issue.message}`);
  throw new Refusal(
    'call.invalid',
    `Cannot accept ${CALLS[call].method} ${CALLS[call].path}: ${complaints.join('; ')}`,
    { fix: 'use a reeve of the same version as the agent: reeve version' },
  );
};
