/**
 * How much the kernel keeps of samples until userspace takes them, by what it samples in a second.
 */

import { onlineCpus } from '@waggle/ffi';

const ROOM_SECONDS = 2;
const MIN_ENTRIES = 1024;
/** Two maps of 2 KiB an entry: 70 MB of the kernel's. */
export const MAX_SAMPLE_ENTRIES = 16_384;
const DEFERRED_SECONDS = 0.25;
/** Most of it the strings of the environment, at the stack's beginning. At most 48 KiB are copied. */
const USUAL_STACK_BYTES = 16 * 1024;
const MIN_DEFERRED_BYTES = 1024 * 1024;
const MAX_DEFERRED_BYTES = 64 * 1024 * 1024;

/**
 * Room in each counting map: two seconds' samples if no stack comes twice. A round is far shorter, but
 * on a busy host ours is not the only process that waits for a CPU.
 */
export function sampleEntries(frequencyHz: number, cpus = onlineCpus().length): number {
  const entries = 2 ** Math.ceil(Math.log2(ROOM_SECONDS * frequencyHz * cpus));
  return Math.min(Math.max(entries, MIN_ENTRIES), MAX_SAMPLE_ENTRIES);
}

/**
 * Bytes of the ring for stacks that userspace walks: room for a round's, of a usual size. Not more,
 * since a ring counts twice in our memory: it is mapped twice.
 */
export function deferredRingBytes(frequencyHz: number, cpus = onlineCpus().length): number {
  const samples = frequencyHz * cpus * DEFERRED_SECONDS;
  const bytes = 2 ** Math.round(Math.log2(samples * USUAL_STACK_BYTES));
  return Math.min(Math.max(bytes, MIN_DEFERRED_BYTES), MAX_DEFERRED_BYTES);
}
