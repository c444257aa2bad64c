import type { InstanceActivity, InstanceStatus } from '../model/health.ts';
import { instanceId } from '../model/names.ts';
import type { DesiredInstance } from '../ports/store.ts';
import { isCrashLooping } from './backoff.ts';
import { IDLE, type InstanceState } from './instance-state.ts';

export type UsageShare = { readonly rssBytes: number; readonly cpuShare: number | null };

/** One instance as people see it. `usage`: of its whole tree, null where there is no sample yet. */
export const describeStatus = (
  desired: DesiredInstance,
  state: InstanceState,
  usage: UsageShare | null,
): InstanceStatus => {
  const isUp = state.pid !== null;
  return {
    id: instanceId(desired),
    service: desired.service,
    slot: desired.slot,
    seat: desired.seat,
    release: desired.release,
    activity: activityOf(state),
    health: state.health.state,
    words: state.health.words,
    pid: state.pid,
    port: desired.port,
    startedAt: state.startedAt,
    restarts: state.restarts,
    lastExit: state.lastExit,
    nextStartAt: state.nextStartAt,
    rssBytes: isUp ? (usage?.rssBytes ?? null) : null,
    cpuShare: isUp ? (usage?.cpuShare ?? null) : null,
  };
};

/** One that is meant to run and can not be described: whatever is there was left alone. */
export const describeUnreadable = (desired: DesiredInstance, words: string): InstanceStatus =>
  describeStatus(
    desired,
    { ...IDLE, health: { ...IDLE.health, words: `can not be supervised: ${words}` } },
    null,
  );

const activityOf = (state: InstanceState): InstanceActivity => {
  switch (state.phase) {
    case 'idle':
      return 'stopped';
    case 'launching':
      return 'starting';
    case 'running':
      return 'running';
    case 'waiting':
      return isCrashLooping(state.backoff) ? 'crash-looping' : 'waiting';
    case 'replacing':
    case 'stopping':
      return 'stopping';
    case 'ended':
      return 'ended';
  }
};
