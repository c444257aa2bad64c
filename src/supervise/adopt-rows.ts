import { messageOf } from '../kit/message-of.ts';
import { bootId } from '../kit/process-identity.ts';
import type { Exit } from '../model/health.ts';
import { instanceId, type InstancePlace, type Name, parseInstanceId } from '../model/names.ts';
import { type RunFact, runKey } from '../ports/driver.ts';
import type { Instance } from './instance.ts';
import type { DescribedInstance } from './instance-tools.ts';
import type { Roster, Row } from './roster.ts';
import type { SupervisorOptions } from './supervisor-options.ts';

/**
 * At an agent's start: takes what is meant to run into the roster, each as the driver found it. What ended is started
 * again, after a reboot everything, and all at once: what needs another fails until that is up, and comes with its
 * back-off. Restart counts and back-offs begin anew with the agent, for no record is kept of them.
 */
export const adoptRows = (
  rows: readonly Row[],
  facts: readonly RunFact[],
  roster: Roster,
  options: SupervisorOptions,
): void => {
  const found = new Map(facts.map((fact) => [runKey(fact.ref), fact]));
  for (const row of rows) {
    const { stack, ...desired } = row;
    let described: DescribedInstance;
    try {
      described = options.describe(stack, desired);
    } catch (error) {
      // A release that can not be read must not take the others down with it, nor its own running copy.
      roster.addUnreadable(row, messageOf(error));
      options.failed(`"${instanceId(row)}" of stack "${stack}" can not be supervised`, error);
      continue;
    }
    const instance = roster.add(stack, desired, described);
    adoptInstance(instance, found.get(instance.key), options);
  }
};

// `job-<change>-<job>`: jobs belong to the engine.
const JOB_RUN = /^job-\d+-/;

/** Runs of instances that are not meant to run: a crash came between the removal of the row and the end of the stop. */
export const findOrphans = (
  facts: readonly RunFact[],
  roster: Roster,
): readonly { readonly stack: Name; readonly place: InstancePlace }[] =>
  facts
    .filter(({ ref }) => !roster.has(runKey(ref)) && !JOB_RUN.test(ref.id))
    .flatMap(({ ref: { stack, id } }) => {
      const place = parseInstanceId(id);
      return place ? [{ stack, place }] : [];
    });

// Whatever runs in a desired place was started for its row: a row is written only once the run before is proved gone.
// So fingerprints are not compared. They differ when the agent was upgraded or started from another shell, and neither
// may stop anything.
const adoptInstance = (instance: Instance, fact: RunFact | undefined, options: SupervisorOptions): void => {
  if (!fact) {
    instance.dispatch({ input: 'startAsked' });
  } else if (fact.state === 'running') {
    instance.adopt(fact);
  } else {
    const exit: Exit = fact.exit ?? { code: null, signal: null, at: options.clock.now() };
    const isRebooted = fact.process !== null && fact.process.bootId !== (options.bootId ?? bootId());
    instance.dispatch({ input: 'foundEnded', exit, isRebooted });
  }
};
