/** Refuses a session's options that make no sense, before anything is opened. */

import type { RateLimit } from '@waggle/kernel';
import { checkList, checkNumber, checkOptionsObject, isText } from '../errors/check-options.ts';
import { BadOption } from '../errors/errors.ts';
import type { SessionConfig } from './session-config.ts';
import type { SessionTarget } from './session-target.ts';

/** PID_MAX_LIMIT of include/linux/threads.h */
const PID_MAX = 4_194_304;
const RING_MIN_BYTES = 4096;
/** Of a BPF ring buffer: RINGBUF_MAX_RECORD_SZ and positions, kernel/bpf/ringbuf.c; 1 GiB here. */
const RING_MAX_BYTES = 1024 ** 3;

/** A process id that can be. @throws BadOption */
export function checkPid(option: string, pid: unknown): void {
  checkNumber(option, pid, { min: 1, max: PID_MAX, integer: true });
}

/** @throws BadOption */
export function checkSessionConfig(config: SessionConfig): void {
  checkTarget(config);
  checkRateLimit(config.rateLimit);
  const { ringBytes, cycleMs, drainMs, latencyMs, watchdogMs, plugins } = config;
  checkPlugins(plugins);
  checkNumber('ringBytes', ringBytes, { min: RING_MIN_BYTES, max: RING_MAX_BYTES, integer: true });
  if (ringBytes !== undefined && !Number.isInteger(Math.log2(ringBytes)))
    throw new BadOption({
      option: 'ringBytes',
      message: `ringBytes must be a power of two, and is ${ringBytes}`,
    });
  if (cycleMs !== 'manual') checkNumber('cycleMs', cycleMs, { min: 0, orInfinity: true });
  checkNumber('drainMs', drainMs, { min: 0, orInfinity: true });
  checkNumber('latencyMs', latencyMs, { min: 1, max: 10_000 });
  checkNumber('watchdogMs', watchdogMs, { min: 0, above: true, orInfinity: true });
}

/** @throws BadOption */
export function checkTarget({ pids, launcher, cgroups }: SessionTarget): void {
  checkPid('launcher', launcher);
  checkList('cgroups', cgroups, 'a list of directories of cgroups', isText);
  checkList('pids', pids, 'a list of process ids', () => true);
  // undefined is not "not given" in a list.
  for (const pid of pids ?? []) checkPid('pids', pid ?? null);
}

/** @throws BadOption when it lets nothing through */
export function checkRateLimit(limit: RateLimit | undefined): void {
  if (limit === undefined) return;
  checkOptionsObject('rateLimit', limit);
  checkNumber('rateLimit.perSecond', limit.perSecond ?? null, { min: 0, above: true });
  checkNumber('rateLimit.burst', limit.burst, { min: 1 });
}

/** @throws BadOption */
export function checkPlugins(plugins: unknown): void {
  checkList('plugins', plugins, 'a list of plugins, as definePlugin() makes them', isPlugin);
}

function isPlugin(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'name' in value && 'spec' in value;
}
