/**
 * The BPF of probes: which of its programs are loaded for what is asked, and how large its maps are.
 */

import { release } from 'node:os';
import { defineSource, type ProgramOf, probes as probesObject, type Source } from '@waggle/bpf';
import { possibleCpus } from '@waggle/ffi';
import type { UnwindMode } from '@waggle/profiler';
import type { CountedProbe } from './counted-probe.ts';

export type ProbeSource = Source<typeof probesObject>;

/** What programs are loaded for. `…-one` are for kernels that take one place by one link. */
export type ProbeHook =
  | 'user-place'
  | 'user-return'
  | 'kernel-place'
  | 'kernel-return'
  | 'kernel-place-one'
  | 'kernel-return-one'
  | 'tracepoint'
  | 'tracepoint-event';

/** Threads of one CPU that can be in the middle of a probe at once; more are not counted. */
const SLOTS = 16;
/** Of deferred_scratch, which is 60 KB a slot: 60 MB. */
const MAX_SCRATCH = 1024;

/** For each CPU. */
export function scratchSlots(): number {
  return Math.max(1, Math.min(SLOTS, Math.floor(MAX_SCRATCH / possibleCpus())));
}

/** uprobe_multi: Linux 6.6. */
export function takesManyPlaces(version = release()): boolean {
  return isAtLeast(version, 6, 6);
}

/** A tracepoint's name and a cookie are enough, and tracefs is not needed: Linux 6.10. */
function takesTracepointNames(version = release()): boolean {
  return isAtLeast(version, 6, 10);
}

function isAtLeast(version: string, wantedMajor: number, wantedMinor: number): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number.parseFloat);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

function programOf(
  hook: ProbeHook,
):
  | 'user_places'
  | 'user_place'
  | 'user_returns'
  | 'user_return'
  | 'kernel_places'
  | 'kernel_returns'
  | 'kernel_place'
  | 'kernel_return'
  | 'tracepoint_by_name'
  | 'tracepoint_event' {
  switch (hook) {
    case 'user-place':
      return takesManyPlaces() ? 'user_places' : 'user_place';
    case 'user-return':
      return takesManyPlaces() ? 'user_returns' : 'user_return';
    case 'kernel-place':
      return 'kernel_places';
    case 'kernel-return':
      return 'kernel_returns';
    case 'kernel-place-one':
      return 'kernel_place';
    case 'kernel-return-one':
      return 'kernel_return';
    case 'tracepoint':
      return 'tracepoint_by_name';
    case 'tracepoint-event':
      return 'tracepoint_event';
  }
}

/** Where programs have to run for a probe. */
export function hooksFor({ event, weight }: CountedProbe): ProbeHook[] {
  if (event.kind === 'tracepoint')
    return [event.needsTracefs || !takesTracepointNames() ? 'tracepoint-event' : 'tracepoint'];
  const isTimed = weight?.kind === 'duration';
  const atReturn = event.atReturn || weight?.kind === 'returned';
  const sides = isTimed
    ? (['place', 'return'] as const)
    : ([atReturn ? 'return' : 'place'] as const);
  return sides.flatMap((side): ProbeHook[] =>
    event.kind === 'user' ? [`user-${side}`] : [`kernel-${side}`, `kernel-${side}-one`],
  );
}

/** @param probeArguments places of arguments, one at least */
export function probeSource(
  probes: readonly CountedProbe[],
  probeArguments: number,
  unwind: UnwindMode,
): ProbeSource {
  const cpus = possibleCpus();
  const slots = scratchSlots();
  const hooks = new Set(probes.flatMap(hooksFor));
  const programs = (hook: ProbeHook): ProgramOf<typeof probesObject>[] => {
    const byTables = programOf(hook);
    const byFramePointers = `${byTables}_by_frame_pointers` as const;
    if (unwind === 'fp') return [byFramePointers];
    return unwind === 'dwarf' ? [byTables] : [byTables, byFramePointers];
  };
  return defineSource(probesObject, {
    hooks: Object.fromEntries([...hooks].map((hook) => [hook, programs(hook)])),
    required: [...hooks],
    settings: { scratch_slots: slots },
    mapEntries: {
      sample_scratch: slots,
      walks: slots,
      deferred_scratch: cpus * slots,
      probe_arguments: probeArguments,
    },
  });
}
