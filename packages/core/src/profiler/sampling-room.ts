// How much the kernel keeps of samples until userspace takes them, by what it samples in a second.

import { deferredSample } from '@waggle/bpf';
import { onlineCpus } from './cpus.ts';

const ROOM_SECONDS = 2;
const MIN_ENTRIES = 1024;
/** Two maps of 2 KiB an entry: 70 MB of the kernel's. */
const MAX_ENTRIES = 16_384;
const DEFERRED_PAUSE_MS = 80;
const MIN_DEFERRED_BYTES = 1024 * 1024;
const MAX_DEFERRED_BYTES = 64 * 1024 * 1024;

/**
 * Room in each counting map: two seconds' samples if no stack comes twice. A round is far shorter, but
 * on a busy host ours is not the only process that waits for a CPU.
 */
export function sampleEntries(frequencyHz: number, cpus = onlineCpus().length): number {
  const entries = 2 ** Math.ceil(Math.log2(ROOM_SECONDS * frequencyHz * cpus));
  return Math.min(Math.max(entries, MIN_ENTRIES), MAX_ENTRIES);
}

/**
 * Bytes of the ring for stacks that userspace walks: room for those of DEFERRED_PAUSE_MS in which the
 * event loop does something else, of the largest size. A ring counts twice in our memory, since it is
 * mapped twice, so it is not larger than that.
 */
export function deferredRingBytes(frequencyHz: number, cpus = onlineCpus().length): number {
  const samples = (frequencyHz * cpus * DEFERRED_PAUSE_MS) / 1000;
  const bytes = 2 ** Math.ceil(Math.log2(samples * deferredSample.size));
  return Math.min(Math.max(bytes, MIN_DEFERRED_BYTES), MAX_DEFERRED_BYTES);
}
