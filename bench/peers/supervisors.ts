// The supervisors that are compared, and a way to go through those that are there.
import type { Bench } from '../harness/comparison.ts';
import { openWorkshop, type Workshop } from '../harness/workshop.ts';
import { pm2 } from './pm2.ts';
import { reeve } from './reeve.ts';
import type { SupervisorKind, SupervisorStand } from './supervisor-stand.ts';
import { supervisord } from './supervisord.ts';

const SUPERVISORS: readonly SupervisorKind[] = [reeve, pm2, supervisord];

export type OpenSupervisor = {
  readonly name: string;
  readonly stand: SupervisorStand;
  readonly workshop: Workshop;
};

/** Those that are there, each with a daemon and a workshop of its own, until `work` is through. */
export const withSupervisors = async (
  bench: Bench,
  work: (supervisors: readonly OpenSupervisor[]) => Promise<void>,
): Promise<void> => {
  const open: OpenSupervisor[] = [];
  try {
    for (const kind of SUPERVISORS) {
      const missing = kind.missing();
      if (missing) {
        bench.skip(kind.name, missing);
        continue;
      }
      const workshop = openWorkshop();
      try {
        open.push({ name: kind.name, workshop, stand: await kind.open(workshop) });
      } catch (error) {
        await workshop.close();
        throw error;
      }
    }
    await work(open);
  } finally {
    for (const { stand, workshop } of open) {
      await stand.close();
      await workshop.close();
    }
  }
};
