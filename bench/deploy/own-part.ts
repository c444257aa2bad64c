import { setTimeout as sleep } from 'node:timers/promises';
import { type Comparison, Figures } from '../harness/comparison.ts';
import { watchVersions } from '../harness/version-watch.ts';
import type { Change } from '../../src/model/change.ts';
import { openReeve, type ReeveDeployer } from '../peers/deployers.ts';

const ROUNDS = 7;
const SEEN_MS = 200;

export const ownPart: Comparison = {
  name: 'deploy/own-part',
  title: 'What Reeve itself adds',
  how: `${ROUNDS} deploys, each followed by a rollback to the release before, which is kept warm; no load. Until "routed", which is the switch in the journal, of the slower of the two new copies: probing, gate and switch. A rollback is timed from the command as it is typed, the start of the CLI included, to the first answer of the other version; and, without the CLI, from the change that the agent opened to the switch in its journal.`,
  run: async () => {
    const figures = new Figures();
    const deployer = await openReeve();
    try {
      for (let round = 1; round <= ROUNDS; round += 1) {
        const watch = watchVersions(deployer.door);
        await watch.until('0');
        await deployer.deploy(String(round));
        await watch.until(String(round));
        // Both copies are seen.
        await sleep(SEEN_MS);
        await watch.stop();
        const { readyAt, askedAt } = watch.seen.get(String(round))!;
        const routedAt = timeOf(await deployer.lastChange(), 'switch-routes');
        add(figures, 'deploy: listens to routed', routedAt - readyAt);
        add(figures, 'deploy: first good answer to routed', routedAt - askedAt, 300);
        await goBack(deployer, figures);
      }
    } finally {
      await deployer.close();
    }
    return figures.list();
  },
};

/** To version 0, which every round deploys over, so that it is always the one that is kept warm. */
const goBack = async (deployer: ReeveDeployer, figures: Figures): Promise<void> => {
  const watch = watchVersions(deployer.door);
  try {
    const began = performance.now();
    const isBack = deployer.rollback();
    const { first } = await watch.until('0');
    await isBack;
    const change = await deployer.lastChange();
    const inAgent = timeOf(change, 'switch-routes') - change.openedAt;
    add(figures, 'rollback to a warm release: command to traffic', first - began, 150);
    add(figures, 'rollback to a warm release: in the agent', inAgent);
  } finally {
    await watch.stop();
  }
};

const add = (figures: Figures, what: string, ms: number, target?: number): void =>
  figures.add({ what, unit: 'ms', better: 'less', ...(target === undefined ? {} : { target }) }, 'reeve', ms);

/** When the last step of a kind was done. */
const timeOf = ({ plan, records }: Change, kind: string): number => {
  const step = plan.steps.findLast((one) => one.kind === kind);
  return records.find((record) => record.step === step?.id && record.event === 'done')?.at ?? Number.NaN;
};
