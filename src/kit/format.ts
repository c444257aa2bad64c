// Quantities as people read them. Numbers keep about two digits: these are for eyes; `--json` has the exact ones.

/** `312 ms`, `1.9 s`, `42 s`, `4 min 12 s`, `3 h 5 min`, `2 d 4 h`. Negative counts as 0. */
export const formatDuration = (ms: number): string => {
  const rounded = Math.max(0, Math.round(ms));
  if (rounded < 1000) return `${rounded} ms`;
  if (rounded < 9_950) return `${(rounded / 1000).toFixed(1)} s`;
  const seconds = Math.round(rounded / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return twoUnits(Math.floor(seconds / 60), 'min', seconds % 60, 's');
  const minutes = Math.round(seconds / 60);
  if (minutes < 1440) return twoUnits(Math.floor(minutes / 60), 'h', minutes % 60, 'min');
  const hours = Math.round(minutes / 60);
  return twoUnits(Math.floor(hours / 24), 'd', hours % 24, 'h');
};

/** One unit, rounded down, for columns: `0 s`, `42 s`, `4 min`, `3 h`, `12 d`. */
export const formatAge = (ms: number): string => {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
};

const BYTE_UNITS = ['B', 'KB', 'MB', 'GB', 'TB'] as const;

/** `512 B`, `1.5 KB`, `84 MB`: steps of 1,000, as MB is in the stack file. */
export const formatBytes = (bytes: number): string => {
  let amount = Math.max(0, bytes);
  let unit = 0;
  while (amount >= 999.5 && unit < BYTE_UNITS.length - 1) {
    amount /= 1000;
    unit += 1;
  }
  const digits = unit > 0 && amount < 9.95 ? 1 : 0;
  return `${amount.toFixed(digits)} ${BYTE_UNITS[unit]}`;
};

/** A share of one (a core, all requests) in percent: `0.4%`, `12%`, `230%`. */
export const formatShare = (share: number): string => {
  const percent = share * 100;
  return `${percent.toFixed(percent < 9.95 ? 1 : 0)}%`;
};

const twoUnits = (first: number, firstUnit: string, second: number, secondUnit: string): string =>
  second === 0 ? `${first} ${firstUnit}` : `${first} ${firstUnit} ${second} ${secondUnit}`;
