import { Refusal } from '../model/error.ts';
import type { InstancePlace, Name } from '../model/names.ts';
import type { Observed } from '../model/observed.ts';
import type { Plan } from '../model/plan.ts';
import { hasErrors, type Problem } from '../model/problem.ts';
import type { Stack } from '../model/stack.ts';
import { assemblePlan } from '../plan/assemble-plan.ts';
import { chooseRollback } from '../plan/choose-rollback.ts';
import type { Desired } from '../plan/desired.ts';
import { isGitRef } from '../stack/git-ref.ts';
import type { StackFile } from '../stack/load-stack.ts';
import type { Hands } from './hands.ts';
import { observeStack } from './observe-stack.ts';
import type { PlanRequest } from './plan-request.ts';

export type Planned = { readonly plan: Plan; readonly warnings: readonly Problem[] };

/** `file`: the stack file's path, for problems. */
export type DeployRequest = { readonly stack: Stack; readonly file: string; readonly force: boolean };

/**
 * Plans what is wanted from what stands. Touches nothing. Refusals: `stack.invalid` and `env.invalid` with all
 * problems, `stack.unknown`, whatever the planner refuses; failures of the source.
 */
export const makePlan = async (
  hands: Hands,
  request: PlanRequest,
  signal?: AbortSignal,
): Promise<Planned> => {
  if (request.want === 'deploy') {
    const { stack, warnings } = await readStack(hands, request.file, request.ref);
    const planned = await planDeploy(
      hands,
      { stack, file: request.file.path, force: request.force ?? false },
      signal,
    );
    return { plan: planned.plan, warnings: [...warnings, ...planned.warnings] };
  }
  mustBeKnown(hands, request.stack);
  const observed = await observeStack(hands, request.stack);
  const desired = desiredOf(hands, request, observed);
  return { plan: assemblePlan(desired, observed, { at: hands.clock.now() }), warnings: [] };
};

/** The stack that a file describes, at the ref asked for. Refusal `stack.invalid` with all problems. */
export const readStack = async (
  { homeFolder }: Hands,
  file: StackFile,
  ref?: string,
): Promise<{ readonly stack: Stack; readonly warnings: readonly Problem[] }> => {
  // Only now: its YAML and schemas are 12 MB, which an agent that only keeps things running does without.
  const { loadStack } = await import('../stack/load-stack.ts');
  const { stack, problems } = loadStack(file, homeFolder === null ? {} : { homeFolder });
  if (!stack || hasErrors(problems)) throw invalid('stack.invalid', `read "${file.path}"`, problems);
  if (ref === undefined) return { stack, warnings: problems };
  if (!isGitRef(ref)) {
    throw new Refusal(
      'source.no-ref',
      `Cannot deploy ref ${JSON.stringify(ref)} of "${stack.name}": git takes no such name, a branch, tag or revision is required`,
    );
  }
  if (stack.source.kind !== 'git') {
    throw new Refusal(
      'source.no-ref',
      `Cannot deploy ref "${ref}" of "${stack.name}": its source is a folder, a git source is required`,
      { fix: 'leave out --ref, or set source.git in the stack file' },
    );
  }
  return { stack: { ...stack, source: { ...stack.source, ref } }, warnings: problems };
};

/** The environment is checked before the source is asked: it is the cheaper of the two. */
export const planDeploy = async (
  hands: Hands,
  { stack, file, force }: DeployRequest,
  signal?: AbortSignal,
): Promise<Planned> => {
  const environment = await hands.environments.assemble(stack, file);
  if (hasErrors(environment.problems)) {
    throw invalid('env.invalid', `deploy "${stack.name}"`, environment.problems);
  }
  const revision = await hands.source.resolve(stack.source, signal);
  const observed = await observeStack(hands, stack.name, stack);
  const desired: Desired = {
    kind: 'deploy',
    stack,
    revision,
    envFingerprint: environment.fingerprint,
    serviceFingerprints: environment.serviceFingerprints(revision),
    force,
  };
  const plan = assemblePlan(desired, observed, { at: hands.clock.now() });
  return { plan, warnings: environment.problems };
};

const desiredOf = (
  hands: Hands,
  request: Exclude<PlanRequest, { readonly want: 'deploy' }>,
  observed: Observed,
): Desired => {
  switch (request.want) {
    case 'rollback': {
      const release = chooseRollback(observed, request.release);
      const serviceFingerprints = hands.environments.ofRelease(release);
      return { kind: 'rollback', release, serviceFingerprints };
    }
    case 'restart':
    case 'start':
    case 'stop':
      return { kind: request.want, services: request.services };
    case 'scale':
      return { kind: 'scale', service: request.service, replicas: request.replicas };
    case 'down': {
      const isForgotten = hands.store.stacks.get(request.stack) === null;
      return { kind: 'down', purge: request.purge, isForgotten };
    }
    case 'job':
      return { kind: 'job', job: request.job };
    case 'retire':
      return { kind: 'retire', places: overdue(hands, request.stack) };
    default:
      return request satisfies never;
  }
};

/** Warm copies whose time is over. */
export const overdue = ({ store, clock }: Hands, stack: Name): readonly InstancePlace[] =>
  store.instances
    .list(stack)
    .filter(({ warmUntil }) => warmUntil !== null && warmUntil <= clock.now())
    .map(({ service, slot, seat }) => ({ service, slot, seat }));

const mustBeKnown = ({ store }: Hands, stack: Name): void => {
  if (store.stacks.get(stack) || store.releases.list(stack, 1).length > 0) return;
  const known = store.stacks.list().map(({ name }) => `"${name}"`);
  throw new Refusal(
    'stack.unknown',
    `Cannot find stack "${stack}": this agent has ${known.join(', ') || 'no stack'}`,
    { fix: 'bring it up first: reeve up' },
  );
};

const invalid = (code: string, what: string, problems: readonly Problem[]): Refusal => {
  const errors = problems.filter(({ severity }) => severity === 'error');
  const count = errors.length === 1 ? 'it has 1 problem' : `it has ${errors.length} problems`;
  return new Refusal(code, `Cannot ${what}: ${count}, none is allowed`, {
    problems,
  });
};
