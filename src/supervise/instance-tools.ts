import type { ReeveEvent } from '../model/event.ts';
import type { Release } from '../model/release.ts';
import type { Service } from '../model/stack.ts';
import type { Clock, Random } from '../ports/clock.ts';
import type { Driver, RunSpec } from '../ports/driver.ts';
import type { Redactor } from '../ports/redactor.ts';
import type { ProbeLoop } from './probe-loop.ts';
import type { RunBatch } from './run-batch.ts';

/** What an instance is run from. */
export type DescribedInstance = {
  readonly spec: RunSpec;
  readonly service: Service;
  readonly release: Release;
};

/** What all instances share. */
export type InstanceTools = {
  readonly clock: Clock;
  readonly random: Random;
  readonly driver: Driver;
  readonly redactor: Redactor;
  readonly runs: RunBatch;
  readonly probes: ProbeLoop;
  readonly publish: (event: ReeveEvent) => void;
};
