/**
 * The BPF that follows allocations: which of its programs are loaded, and how large its maps are.
 */

import { defineSource, liveHeap, type ProgramOf, type Source } from '@waggle/bpf';
import { possibleCpus } from '@waggle/ffi';
import type { UnwindMode } from '@waggle/profiler';
import { scratchSlots, takesManyPlaces } from '../probes/probe-source.ts';

export type LiveHeapSource = Source<typeof liveHeap>;

/** Allocations that are followed at a time: 80 bytes of the kernel's memory each, as they come. */
const MAX_ALLOCATIONS = 4_194_304;
/** Different stacks; the sums of others are under none. */
export const MAX_HEAP_STACKS = 16_384;

export function liveHeapSource(unwind: UnwindMode): LiveHeapSource {
  const slots = scratchSlots();
  const byTables = takesManyPlaces() ? 'heap_returns' : 'heap_return';
  const byFramePointers = `${byTables}_by_frame_pointers` as const;
  const returns: Readonly<Record<UnwindMode, readonly ProgramOf<typeof liveHeap>[]>> = {
    auto: [byTables, byFramePointers],
    dwarf: [byTables],
    fp: [byFramePointers],
  };
  return defineSource(liveHeap, {
    hooks: {
      entry: [takesManyPlaces() ? 'heap_entries' : 'heap_entry'],
      return: returns[unwind],
    },
    required: ['entry', 'return'],
    settings: { scratch_slots: slots },
    mapEntries: {
      sample_scratch: slots,
      walks: slots,
      spare_numbers: slots,
      deferred_scratch: possibleCpus() * slots,
      allocations: MAX_ALLOCATIONS,
      numbered_stacks: MAX_HEAP_STACKS,
      heap_sums: MAX_HEAP_STACKS + 1,
    },
  });
}
