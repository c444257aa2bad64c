/** Why a signal of a running change aborted. */
export class Interruption extends Error {
  override readonly name = 'Interruption';
  readonly reason: 'cancelled' | 'suspended';
  constructor(reason: 'cancelled' | 'suspended') {
    super(reason);
    this.reason = reason;
  }
}

/** null where the signal did not abort. */
export const interruptionOf = (signal: AbortSignal): Interruption['reason'] | null => {
  if (!signal.aborted) return null;
  return signal.reason instanceof Interruption ? signal.reason.reason : 'suspended';
};
