import type { EdgeSite, Flags } from '../model/edge.ts';
import { type InstancePlace, slotKey } from '../model/names.ts';
import type { ObservedInstance } from '../model/observed.ts';
import type { Phase, Step, StepArgs, StepKind } from '../model/plan.ts';
import { describeSiteChange } from './describe-site.ts';
import { isSameSite } from './union-site.ts';
import type { Namer } from './wording.ts';

/** The steps so far, and what flags and site will be once they are done. */
export type StepList = {
  readonly steps: readonly Step[];
  readonly names: Namer;
  flags(): Flags;
  site(): EdgeSite | null;
  add<K extends StepKind>(kind: K, phase: Phase, sentence: string, args: StepArgs[K]): void;
  /** Adds nothing where the edge is configured so already. */
  configure(phase: Phase, site: EdgeSite | null): void;
  /** One generation of flags; adds nothing where they say so already. */
  switchTo(sentence: string, flags: Flags): void;
  hold(sentence: string, flags: Flags): void;
  /** Stops copies, one step per release, so that each can be started again as it was. */
  stop(phase: Phase, instances: readonly ObservedInstance[], sentence: (who: string) => string): void;
};

/** Numbers the steps, and carries flags and site along, so that each step's `previous` is what the one before left. */
export const createStepList = (begin: {
  readonly flags: Flags;
  readonly site: EdgeSite | null;
  readonly names: Namer;
}): StepList => {
  const steps: Step[] = [];
  let { flags, site } = begin;
  const add = <K extends StepKind>(kind: K, phase: Phase, sentence: string, args: StepArgs[K]): void => {
    steps.push({ id: steps.length + 1, kind, phase, sentence, args } as Step);
  };
  return {
    steps,
    names: begin.names,
    flags: () => flags,
    site: () => site,
    add,
    configure: (phase, next) => {
      if (isSameSite(site, next)) return;
      add('configure-edge', phase, describeSiteChange(site, next), { site: next, previous: site });
      site = next;
    },
    switchTo: (sentence, next) => {
      if (isSameFlags(flags, next)) return;
      add('switch-routes', 'cut-over', sentence, { flags: next, previous: flags });
      flags = next;
    },
    hold: (sentence, next) => {
      const services = next.held.filter((name) => !flags.held.includes(name));
      add('hold-requests', 'cut-over', sentence, { services, flags: next, previous: flags });
      flags = next;
    },
    stop: (phase, instances, sentence) => {
      for (const [release, group] of Map.groupBy(instances, (instance) => instance.release)) {
        const places = group.map(({ service, slot, seat }) => ({ service, slot, seat }));
        const who = `${begin.names(places)} of release ${release}`;
        add('stop-instances', phase, sentence(who), { release, places });
      }
    },
  };
};

/** Seats that are not named are blue. */
export const isSameFlags = (a: Flags, b: Flags): boolean =>
  sameNames(greens(a), greens(b)) && sameNames(a.held, b.held) && sameNames(a.maintenance, b.maintenance);

export const withSeats = (flags: Flags, places: readonly InstancePlace[]): Flags => ({
  ...flags,
  seats: {
    ...flags.seats,
    ...Object.fromEntries(places.map(({ service, slot, seat }) => [slotKey(service, slot), seat])),
  },
});

const greens = (flags: Flags): string[] =>
  Object.keys(flags.seats).filter((key) => flags.seats[key] === 'green');

const sameNames = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((name) => b.includes(name));
