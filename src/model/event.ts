// What happened, past tense with a dot. The agent publishes these; `follow`, `status --watch` and metrics read them.
import type { ErrorReport } from './error.ts';
import type { Exit, HealthState } from './health.ts';
import type { InstanceId, Name } from './names.ts';
import type { ChangeState, StepRecord } from './change.ts';

export type ReeveEvent =
  | {
      readonly event: 'change.opened';
      readonly at: number;
      readonly stack: Name;
      readonly change: number;
      readonly sentence: string;
    }
  | {
      readonly event: 'step.recorded';
      readonly at: number;
      readonly stack: Name;
      readonly change: number;
      readonly record: StepRecord;
    }
  | {
      readonly event: 'step.progressed';
      readonly at: number;
      readonly stack: Name;
      readonly change: number;
      readonly step: number;
      readonly words: string;
    }
  | {
      readonly event: 'change.closed';
      readonly at: number;
      readonly stack: Name;
      readonly change: number;
      readonly state: ChangeState;
      readonly sentence: string;
      readonly error: ErrorReport | null;
    }
  | {
      readonly event: 'instance.started';
      readonly at: number;
      readonly stack: Name;
      readonly instance: InstanceId;
      readonly pid: number;
    }
  | {
      readonly event: 'instance.exited';
      readonly at: number;
      readonly stack: Name;
      readonly instance: InstanceId;
      readonly exit: Exit;
      readonly willRestartAt: number | null;
    }
  | {
      readonly event: 'instance.adopted';
      readonly at: number;
      readonly stack: Name;
      readonly instance: InstanceId;
      readonly pid: number;
    }
  | {
      readonly event: 'health.changed';
      readonly at: number;
      readonly stack: Name;
      readonly instance: InstanceId;
      readonly from: HealthState;
      readonly to: HealthState;
      readonly words: string;
    }
  | {
      readonly event: 'lock.changed';
      readonly at: number;
      readonly stack: Name;
      readonly owner: string;
      readonly task: string;
    };
