/** What the kernel says of the host as a whole in /proc: which boot this is, since when it runs, its memory. */

import { readFileSync } from 'node:fs';

/** random(4): a UUID that is drawn anew at each boot, with its dashes. @throws NodeJS.ErrnoException where there is none */
export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

/**
 * When the host was started, in ms since 1970, by the clock of now: to 10 ms. `bootToRealtimeOffset` says it to the
 * nanosecond, and needs `Native`. @throws NodeJS.ErrnoException where /proc does not say it
 */
export function bootTimeMs(path = '/proc/uptime'): number {
  return Date.now() - Number.parseFloat(readFileSync(path, 'utf8')) * 1000;
}

/** proc_meminfo(5): bytes by the kernel's name of them, as `MemTotal`. @throws NodeJS.ErrnoException where there is none */
export function memoryInfo(path = '/proc/meminfo'): ReadonlyMap<string, number> {
  return parseMemoryInfo(readFileSync(path, 'utf8'));
}

/** @param text of /proc/meminfo. What has no unit, as `HugePages_Total`, is left out. */
export function parseMemoryInfo(text: string): ReadonlyMap<string, number> {
  const lines = text.matchAll(/^(\S+): +(\d+) kB$/gm);
  return new Map(Array.from(lines, ([, name = '', kilobytes]) => [name, Number(kilobytes) * 1024]));
}
