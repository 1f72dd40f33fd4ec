// CPUs that are online: /sys/devices/system/cpu/online, a list such as 0-3,8.

import { readFileSync } from 'node:fs';

export function onlineCpus(
  list = readFileSync('/sys/devices/system/cpu/online', 'utf8'),
): number[] {
  return list
    .trim()
    .split(',')
    .flatMap((range) => {
      const [first = 0, last = first] = range.split('-').map(Number);
      return Array.from({ length: last - first + 1 }, (_, index) => first + index);
    });
}

/** CPUs that could ever be there: what the kernel numbers them up to. */
export function possibleCpus(): number {
  return Math.max(...onlineCpus(readFileSync('/sys/devices/system/cpu/possible', 'utf8'))) + 1;
}
