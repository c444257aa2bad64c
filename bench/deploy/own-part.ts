import { type Comparison, Figures } from '../harness/comparison.ts';
import { watchVersions } from '../harness/version-watch.ts';
import type { Change } from '../../src/model/change.ts';
import { openReeve } from '../peers/deployers.ts';

const ROUNDS = 7;

export const ownPart: Comparison = {
  name: 'deploy/own-part',
  title: 'What Reeve itself adds',
  how: `${ROUNDS} deploys and as many rollbacks to the release before, which is kept warm; no load. "ready to routed" is from the moment the slower of the two new copies listens until the switch is in the journal: probing, gate and switch. A rollback is timed from the command as it is typed, the start of the CLI included, to the first answer of the other version; and, without the CLI, from the change that the agent opened to the switch in its journal.`,
  run: async () => {
    const figures = new Figures();
    const deployer = await openReeve();
    const watch = watchVersions(deployer.door);
    try {
      await watch.until('0');
      for (let round = 1; round <= ROUNDS; round += 1) {
        await deployer.deploy(String(round));
        const { readyAt } = await watch.until(String(round));
        const routedAt = timeOf(await deployer.lastChange(), 'switch-routes');
        add(figures, 'deploy: ready to routed', routedAt - readyAt, 300);
      }
      await watch.stop();
      for (let round = 0; round < ROUNDS; round += 1) {
        const looking = watchVersions(deployer.door);
        // What answers now; then whatever else.
        while (looking.seen.size === 0) await new Promise((resolve) => setTimeout(resolve, 1));
        const [now] = looking.seen.keys();
        const began = performance.now();
        const rolledBack = deployer.rollback();
        while (looking.seen.size < 2) await new Promise((resolve) => setTimeout(resolve, 1));
        const [, other] = [...looking.seen].find(([version]) => version !== now)!;
        add(figures, 'rollback to a warm release: command to traffic', other.first - began, 150);
        await rolledBack;
        const change = await deployer.lastChange();
        add(
          figures,
          'rollback to a warm release: in the agent',
          timeOf(change, 'switch-routes') - change.openedAt,
        );
        await looking.stop();
      }
    } finally {
      await watch.stop();
      await deployer.close();
    }
    return figures.list();
  },
};

const add = (figures: Figures, what: string, ms: number, target?: number): void =>
  figures.add({ what, unit: 'ms', better: 'less', ...(target === undefined ? {} : { target }) }, 'reeve', ms);

/** When the last step of a kind was done. */
const timeOf = ({ plan, records }: Change, kind: string): number => {
  const step = plan.steps.findLast((one) => one.kind === kind);
  return records.find((record) => record.step === step?.id && record.event === 'done')?.at ?? Number.NaN;
};
