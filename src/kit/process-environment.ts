import { readFileSync } from 'node:fs';

/**
 * The environment that a process was started with, from /proc/PID/environ (proc_pid_environ(5)). Null where it is gone,
 * may not be read, or has overwritten it.
 */
export const readEnvironment = (pid: number): Readonly<Record<string, string>> | null => {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/environ`, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code) return null;
    throw error;
  }
  const variables = text.split('\0').filter((line) => line.indexOf('=') > 0);
  if (variables.length === 0) return null;
  return Object.fromEntries(
    variables.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
};
