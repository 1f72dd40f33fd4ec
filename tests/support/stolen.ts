// What interrupts and a hypervisor took of the CPUs: a clock runs on meanwhile, and the scheduler counts it for no thread.

import { readFileSync } from 'node:fs';

/** USER_HZ: of every architecture that waggle is for. */
const US_PER_TICK = 10_000;

/** Microseconds since boot, of all CPUs: for any one thread the difference of two is the most that it lost. */
export function stolenTime(): number {
  const [, line = ''] = /^cpu +(.+)$/m.exec(readFileSync('/proc/stat', 'utf8')) ?? [];
  const [, , , , , irq = 0, softirq = 0, steal = 0] = line.split(' ').map(Number);
  return (irq + softirq + steal) * US_PER_TICK;
}
