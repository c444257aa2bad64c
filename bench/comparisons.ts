// Every comparison, in the order of the page.
import { status } from './cli/status.ts';
import { deploy } from './deploy/deploy.ts';
import { ownPart } from './deploy/own-part.ts';
import { throughput } from './edge/throughput.ts';
import type { Comparison } from './harness/comparison.ts';
import { logs } from './scale/logs.ts';
import { releases } from './scale/releases.ts';
import { services } from './scale/services.ts';
import { daemonKilled } from './supervision/daemon-killed.ts';
import { flood } from './supervision/flood.ts';
import { idle } from './supervision/idle.ts';
import { leftovers } from './supervision/leftovers.ts';
import { replace } from './supervision/replace.ts';
import { start } from './supervision/start.ts';

export const COMPARISONS: readonly Comparison[] = [
  start,
  replace,
  idle,
  flood,
  daemonKilled,
  leftovers,
  throughput,
  deploy,
  ownPart,
  status,
  services,
  releases,
  logs,
];
