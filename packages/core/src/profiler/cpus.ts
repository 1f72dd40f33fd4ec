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
