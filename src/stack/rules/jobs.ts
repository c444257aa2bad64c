import { NAMED_PHASES } from '../defaults.ts';
import { didYouMean } from '../did-you-mean.ts';
import { joinWords, quote } from '../quote.ts';
import { phaseByName } from '../resolve-service.ts';
import type { RuleContext } from './rule.ts';

export const checkJobs = ({ stack, written, places, error, warn }: RuleContext): void => {
  for (const job of stack.jobs) {
    const path = ['jobs', job.name];
    const phase = written.jobs![job.name]!.phase;
    const named = phaseByName(job.name);
    if (phase === undefined && named === null) {
      error(places.ofKey(path), {
        code: 'job.no-phase',
        message: `Cannot tell when job ${quote(job.name)} runs: "phase" is missing`,
        expected: `a phase; only a job that is named ${joinWords(NAMED_PHASES, 'or')} needs none`,
        fix: `add phase: ${didYouMean(job.name, NAMED_PHASES) ?? 'manual'}`,
      });
    } else if (phase !== undefined && named !== null && phase !== named) {
      warn(places.ofValue([...path, 'phase']), {
        code: 'job.misleading-name',
        message: `Cannot tell from its name when job ${quote(job.name)} runs: its phase is ${phase}`,
        fix: 'rename the job',
      });
    }
  }
};
