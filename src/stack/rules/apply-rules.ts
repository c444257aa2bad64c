import { checkCommands } from './commands.ts';
import { checkDependencies } from './dependencies.ts';
import { checkEnvironment } from './environment.ts';
import { checkFolders } from './folders.ts';
import { checkHealth } from './health.ts';
import { checkJobs } from './jobs.ts';
import { checkNames } from './names.ts';
import { checkPorts } from './ports.ts';
import { checkRoutes } from './routes.ts';
import { type Facts, judgeBy, type Rule } from './rule.ts';
import { checkSecrets } from './secrets.ts';
import { checkSource } from './source.ts';
import { checkStrategies } from './strategies.ts';
import { checkTimes } from './times.ts';

const RULES: readonly Rule[] = [
  checkNames,
  checkSource,
  checkCommands,
  checkEnvironment,
  checkSecrets,
  checkPorts,
  checkRoutes,
  checkHealth,
  checkDependencies,
  checkStrategies,
  checkJobs,
  checkFolders,
  checkTimes,
];

/** What is wrong with a file whose shape is right. No rule depends on another. */
export const applyRules = (facts: Facts): ReturnType<typeof judgeBy> => judgeBy(RULES, facts);
