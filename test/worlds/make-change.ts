import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WishedFor } from '../../src/api/wire.ts';
import { followChange } from '../../src/client/follow-change.ts';
import { realClock } from '../../src/kit/real-clock.ts';
import type { Change } from '../../src/model/change.ts';
import { describeChange } from './crash-stage.ts';
import type { Stage } from './stage.ts';

/** Submits a wish over the agent's socket, as a command does, and follows it to its end; throws where it is not `done`. */
export const makeChange = async (stage: Stage, wish: WishedFor): Promise<Change> => {
  const change = await endChange(stage, wish);
  if (change.state !== 'done') throw new Error(describeChange(change));
  return change;
};

/** The same, whatever the end is. */
export const endChange = async ({ client }: Stage, wish: WishedFor): Promise<Change> => {
  const answer = await client.call('change', { body: wish });
  if (answer.outcome === 'nothing') throw new Error(`nothing to do: ${answer.plan.sentence}`);
  let last = answer.change;
  for await (const line of followChange(client, last.id, { clock: realClock, patienceMs: 10_000 })) {
    if ('change' in line && typeof line.change === 'object') last = line.change;
  }
  return last;
};

let versions = 0;

/** A deploy of something that was not deployed before. */
export const deployNext = (stage: Stage): WishedFor => {
  versions += 1;
  stage.write('version.txt', String(versions));
  const path = join(stage.stackFolder, 'reeve.yaml');
  return { want: 'deploy', file: { path, text: readFileSync(path, 'utf8') } };
};

/** When a step of a kind was begun and done, in epoch milliseconds; the last one of that kind. */
export const stepTimes = (
  change: Change,
  kind: string,
): { readonly begun: number; readonly done: number } => {
  const step = change.plan.steps.findLast((each) => each.kind === kind);
  const at = (event: string): number =>
    change.records.find((record) => record.step === step?.id && record.event === event)?.at ?? NaN;
  return { begun: at('intent'), done: at('done') };
};
