/** What a process has used until now, by /proc. */

import { readFileSync } from 'node:fs';

/** USER_HZ is 100 on all architectures that there are objects for (include/asm-generic/param.h). */
const CLOCK_TICKS_PER_SECOND = 100;

/** Of all its threads. utime and stime are the 14th and 15th field of /proc/PID/stat: proc_pid_stat(5). */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_PER_SECOND;
}

/** That are in memory; 0 for one that has ended. */
export const residentMegabytes = (pid: number): number => megabytes(pid, 'VmRSS');

/** The most that were in memory until now. */
export const peakMegabytes = (pid: number): number => megabytes(pid, 'VmHWM');

/** By a line of proc_pid_status(5). */
function megabytes(pid: number, line: string): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`^${line}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0) / 1024;
}
