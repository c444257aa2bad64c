import { setTimeout as sleep } from 'node:timers/promises';
import { startLoad } from '../../scripts/demo/load.ts';
import { type Comparison, Figures } from '../harness/comparison.ts';
import { watchVersions } from '../harness/version-watch.ts';
import { openWorkshop } from '../harness/workshop.ts';
import { type Deployer, DEPLOYERS } from '../peers/deployers.ts';

const ROUNDS = 5;
const LEAD_MS = 500;

export const deploy: Comparison = {
  name: 'deploy/deploy',
  title: 'A new version under load',
  how: `A Node server in two copies (one with stop and start, which is what \`systemctl restart\` does) that ends gracefully, 16 clients with kept connections, a third of the requests POST, none retried; ${ROUNDS} deploys. Time from the command. Reeve without settling and watching, which the others do not do either; it copies the release, starts both copies beside the old ones, and asks them before traffic moves.`,
  run: async (bench) => {
    const figures = new Figures();
    for (const kind of DEPLOYERS) {
      const missing = kind.missing();
      if (missing) {
        bench.skip(kind.name, missing);
        continue;
      }
      const workshop = openWorkshop();
      try {
        const deployer = await kind.open(workshop);
        try {
          await measure(kind.name, deployer, figures);
        } finally {
          await deployer.close();
        }
      } finally {
        await workshop.close();
      }
      bench.say(`${kind.name} measured`);
    }
    return figures.list();
  },
};

const measure = async (name: string, deployer: Deployer, figures: Figures): Promise<void> => {
  const watch = watchVersions(deployer.door);
  await watch.until('0');
  for (let round = 1; round <= ROUNDS; round += 1) {
    const load = startLoad(deployer.door);
    await sleep(LEAD_MS);
    const began = performance.now();
    await deployer.deploy(String(round));
    const backMs = performance.now() - began;
    const now = await watch.until(String(round));
    await sleep(LEAD_MS);
    const { requests, dropped, errors, slowestMs } = await load.stop();
    const before = watch.seen.get(String(round - 1))!;
    const less = { better: 'less' } as const;
    figures.add({ what: 'requests', unit: 'count', better: 'more' }, name, requests);
    figures.add({ what: 'requests failed', unit: 'count', ...less, target: 0 }, name, dropped + errors);
    figures.add({ what: 'slowest request', unit: 'ms', ...less }, name, slowestMs);
    figures.add({ what: 'first answer of the new version', unit: 'ms', ...less }, name, now.first - began);
    const movedMs = Math.max(before.last, now.first) - began;
    figures.add({ what: 'no answer of the old one any more', unit: 'ms', ...less }, name, movedMs);
    figures.add({ what: 'command is back', unit: 'ms', ...less }, name, backMs);
  }
  await watch.stop();
};
