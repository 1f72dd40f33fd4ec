/**
 * CPUs that are online: /sys/devices/system/cpu/online, a list such as 0-3,8. They come and go while
 * something is recorded: a host under power management, a virtual machine that is given more.
 */

import { readFileSync, statSync } from 'node:fs';

const FOLDER = '/sys/devices/system/cpu';

export function onlineCpus(list = readFileSync(`${FOLDER}/online`, 'utf8')): number[] {
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
  return Math.max(...onlineCpus(readFileSync(`${FOLDER}/possible`, 'utf8'))) + 1;
}

/**
 * The CPUs that are online, each with what changes when it has been offline in between, however
 * briefly: the kernel makes its `topology` folder anew then (drivers/base/topology.c).
 */
export function cpuGenerations(): ReadonlyMap<number, number> {
  return new Map(onlineCpus().map((cpu) => [cpu, topologyOf(cpu)]));
}

function topologyOf(cpu: number): number {
  return statSync(`${FOLDER}/cpu${cpu}/topology`, { throwIfNoEntry: false })?.ino ?? 0;
}
