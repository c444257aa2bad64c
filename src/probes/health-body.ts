// What a program says of itself in the JSON body of its health answer. Pure.
import type { ProbeAnswer } from '../model/health.ts';

export type HealthBody = {
  /** Null where the body does not say, or says it in words we do not know. */
  readonly state: ProbeAnswer['state'] | null;
  readonly words: string | null;
  readonly progress: number | null;
};

const STATES = new Map<string, ProbeAnswer['state']>(
  Object.entries({
    ok: 'healthy',
    healthy: 'healthy',
    pass: 'healthy',
    up: 'healthy',
    degraded: 'degraded',
    warn: 'degraded',
    starting: 'starting',
    fail: 'unhealthy',
    error: 'unhealthy',
    down: 'unhealthy',
    unhealthy: 'unhealthy',
  } as const),
);

/**
 * Reads `status` (words of draft-inadarei-api-health-check among them), `message` or `detail`, and `progress`: a number
 * from 0 to 1, or `{done, total}`. Null where the text is not a JSON object.
 */
export const parseHealthBody = (text: string): HealthBody | null => {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return null;
  const { status, message, detail, progress } = body as Record<string, unknown>;
  const words = [message, detail].find((one) => typeof one === 'string' && one.trim() !== '');
  return {
    state: typeof status === 'string' ? (STATES.get(status.toLowerCase()) ?? null) : null,
    words: typeof words === 'string' ? words : null,
    progress: progressOf(progress),
  };
};

const progressOf = (progress: unknown): number | null => {
  if (typeof progress === 'number') return clamp(progress);
  if (typeof progress !== 'object' || progress === null) return null;
  const { done, total } = progress as Record<string, unknown>;
  return typeof done === 'number' && typeof total === 'number' && total > 0 ? clamp(done / total) : null;
};

const clamp = (share: number): number | null =>
  Number.isFinite(share) ? Math.min(1, Math.max(0, share)) : null;
