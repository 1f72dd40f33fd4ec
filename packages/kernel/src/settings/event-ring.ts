/**
 * The ring buffer of a session, process_events, and the sizes of what its sources share: maps are named here and
 * beside it, and by nobody above.
 */

import { lifecycle } from '@waggle/bpf';
import { type Native, RingBuffer } from '@waggle/ffi';
import type { LoadedSources } from '../sources/loaded-sources.ts';

const { process_events: RING, tracked_processes: TRACKED } = lifecycle.maps;

export interface SharedSizes {
  /** Of the ring buffer: a power of two, at least a page. */
  readonly ringBytes?: number | undefined;
  /** Most processes that are followed at once. */
  readonly trackedProcesses?: number | undefined;
}

/** `sharedMapEntries` of `LoadedSources`; what is not given has the size that the objects say. */
export function sharedMapEntries(sizes: SharedSizes): Readonly<Record<string, number>> {
  const { ringBytes, trackedProcesses } = sizes;
  return {
    ...(ringBytes === undefined ? {} : { [RING.name]: ringBytes }),
    ...(trackedProcesses === undefined ? {} : { [TRACKED.name]: trackedProcesses }),
  };
}

/** Every event's records come through it. @throws RangeError before one of the sources is loaded, SystemError */
export function openEventRing(native: Native, sources: LoadedSources): RingBuffer {
  return new RingBuffer(native, sources.shared(RING).raw);
}
