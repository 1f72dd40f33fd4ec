/** /proc/PID/limits: a table with a line a limit, proc_pid_limits(5); names as lnames of fs/proc/base.c. */
import type { ProcLimits } from './procfs.ts';

const ROW = /^(\S.*?) {2,}(\S+) +(\S+)/;

export function parseLimits(text: string): ProcLimits {
  const limits = new Map<string, { soft: number; hard: number }>();
  for (const line of text.split('\n').slice(1)) {
    const [, name = '', soft = '', hard = ''] = ROW.exec(line) ?? [];
    if (name !== '') limits.set(name, { soft: toNumber(soft), hard: toNumber(hard) });
  }
  return limits;
}

function toNumber(text: string): number {
  return text === 'unlimited' ? Number.POSITIVE_INFINITY : Number(text);
}
