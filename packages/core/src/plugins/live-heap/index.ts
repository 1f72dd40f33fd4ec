/**
 * The live heap as a plugin: bytes that were allocated and not freed, by the stack that allocated them.
 */

import { liveHeapBounds, type liveHeap as liveHeapObject } from '@waggle/bpf';
import type { BpfLink, UprobePlace } from '@waggle/ffi';
import type { StandingSum, UnwindMode } from '@waggle/profiler';
import { checkChoice, checkList } from '../../errors/check-options.ts';
import { BadOption } from '../../errors/errors.ts';
import { definePlugin } from '../../plugin/plugin.ts';
import type { PluginSource } from '../../plugin/plugin-source.ts';
import { defineService } from '../../plugin/service.ts';
import { Profiler } from '../cpu-profiler/index.ts';
import { attachUserPlaces } from '../probes/attach-probes.ts';
import type { HeapFunction } from './heap-functions.ts';
import { type HeapMoment, HeapTimeline } from './heap-timeline.ts';
import { liveHeapSource, MAX_HEAP_STACKS } from './live-heap-source.ts';

export { type HeapFunction, MALLOC } from './heap-functions.ts';
export type { HeapMoment } from './heap-timeline.ts';

export interface LiveHeapCounts {
  /** Since the beginning. */
  readonly allocations: number;
  readonly allocatedBytes: number;
  readonly frees: number;
  /** Of what was allocated before, or is not known. */
  readonly unknownFrees: number;
  /** Not followed: too many were there at once. */
  readonly untracked: number;
  readonly untrackedBytes: number;
  /** There still, without a stack: too many threads of a CPU were in the middle of one, or there were too many stacks. */
  readonly bytesWithoutStack: number;
}

export interface LiveHeapService {
  counts(): LiveHeapCounts;
  /** Bytes that were there, over time: some 60 moments. */
  timeline(): readonly HeapMoment[];
}

/** Key of the live heap, for who wants to know how it grew. */
export const LiveHeap = defineService<LiveHeapService>()('live-heap');

export interface LiveHeapOptions {
  readonly functions: readonly HeapFunction[];
  /** As the profiler's. Default `auto`. */
  readonly unwind?: UnwindMode | undefined;
}

const MAX_MOMENTS = 64;
const FIRST_SPAN_SECONDS = 0.1;
const LOOK_MS = 50;

/**
 * Memory that programs have allocated and not freed, by the stack that allocated it: of allocations that were made
 * since the session began. What a process has not freed when it ends stays counted. Profiles of the session
 * have the value `live`, in bytes, of the moment of each collection.
 *
 * - Needs: `Profiler`, whose `cpuClock: false` leaves the CPUs' time out. Linux 5.15.
 * - Provides: `LiveHeap`.
 * - Costs: some microseconds for each allocation, about one for each that is freed; 80 bytes of the kernel's memory
 *   for each that is there, four million at most.
 *
 * ```ts
 * import { cpuProfiler, createAgent } from '@waggle/core';
 * import { liveHeap, MALLOC } from '@waggle/core/plugins/live-heap';
 * import { hostScope, parseEvent, resolveEvent } from '@waggle/probes';
 *
 * using scope = hostScope();
 * const functions = Object.entries(MALLOC).flatMap(([name, known]) => {
 *   const event = resolveEvent(parseEvent(`uprobe:libc:${name}`), scope, { limit: 1 });
 *   return event.kind === 'user' ? [{ event, ...known }] : [];
 * });
 * const plugins = [cpuProfiler({ cpuClock: false, manyStacks: true }), liveHeap({ functions })];
 * await using agent = await createAgent({ plugins, pids: [1234] });
 * setTimeout(() => agent.stop(), 5000);
 * await agent.finished;
 * ```
 *
 * @throws BadOption for an option that makes no sense; the session's start fails with it where the kernel
 *   refuses a probe, and nothing is attached then
 */
export const liveHeap = ({ functions, unwind = 'auto' }: LiveHeapOptions) => {
  checkList('functions', functions, 'a list of functions', (each) => typeof each === 'object');
  checkChoice('unwind', unwind, ['auto', 'fp', 'dwarf']);
  if (functions.length === 0 || functions.length > liveHeapBounds.HEAP_FUNCTIONS_MAX)
    throw new BadOption({
      option: 'functions',
      message: `1 to ${liveHeapBounds.HEAP_FUNCTIONS_MAX} functions can be followed, not ${functions.length}`,
    });
  const declared = liveHeapSource(unwind);
  return definePlugin({
    name: 'live-heap',
    essential: true,
    provides: LiveHeap,
    needs: { profiler: Profiler },
    sources: [declared],
    setup({ services: { profiler }, source, onClose }) {
      const loaded = source(declared);
      const links: BpfLink[] = [];
      const detach = () => {
        for (const link of links.splice(0).toReversed()) link.close();
      };
      const timeline = new HeapTimeline(FIRST_SPAN_SECONDS, MAX_MOMENTS);
      let begun = performance.now();
      const look = (isLast = false) => {
        const seconds = (performance.now() - begun) / 1000;
        const { bytes = 0n, blocks = 0n } = loaded.map('heap_total').get(0) ?? {};
        timeline.add({ seconds, bytes: Number(bytes), blocks: Number(blocks) }, isLast);
      };
      let timer: ReturnType<typeof setInterval> | undefined;
      const end = () => {
        clearInterval(timer);
        detach();
      };
      onClose(end);
      profiler.addSource({
        events: [{ name: 'live', unit: 'bytes', value: 'weights' }],
        unwindsByTables: !loaded.programOf('return').name.endsWith('_by_frame_pointers'),
        begin({ firstEvent }) {
          for (const [
            index,
            { size = 0, count = 0, pointer = 0, frees = 0 },
          ] of functions.entries())
            loaded
              .map('heap_functions')
              .set(index, { size, count, pointer, frees, event: firstEvent });
          try {
            // Return probes first: else a call between the two attachments would have a beginning and no end.
            for (const hook of ['return', 'entry'] as const)
              for (const [index, each] of functions.entries())
                if (hook === 'entry' || each.size !== undefined) attach(each, hook, index);
          } catch (error) {
            detach();
            throw error;
          }
          begun = performance.now();
          timer = setInterval(() => look(), LOOK_MS);
        },
        end() {
          end();
          look(true);
        },
        *standing(): Generator<StandingSum> {
          const given = Math.min(loaded.map('numbers_given').get(0) ?? 0, MAX_HEAP_STACKS);
          for (let number = 0; number <= given; number++) {
            const { bytes = 0n, blocks = 0n } = loaded.map('heap_sums').get(number) ?? {};
            if (bytes > 0n)
              yield { event: 0, number, weight: Number(bytes), count: Number(blocks) };
          }
        },
      });

      function attach({ event }: HeapFunction, hook: 'entry' | 'return', index: number): void {
        const byFile = new Map<string, UprobePlace[]>();
        for (const { object, offset } of event.places) {
          const places = byFile.get(object.path) ?? [];
          places.push({ offset, semaphore: undefined, cookie: BigInt(index) });
          byFile.set(object.path, places);
        }
        const program = loaded.programOf(hook);
        const atReturn = hook === 'return';
        for (const [path, places] of byFile)
          attachUserPlaces(event.request.text, { program, path, places, atReturn }, links);
      }

      return {
        service: {
          counts: () => countsOf(loaded),
          timeline: () => timeline.moments,
        },
      };
    },
  });
};

type LoadedHeap = PluginSource<typeof liveHeapObject>;

function countsOf(loaded: LoadedHeap): LiveHeapCounts {
  const cpus = loaded.map('heap_counters').ofEachCpu(0);
  const sum = (field: keyof (typeof cpus)[number]) =>
    cpus.reduce((total, counters) => total + Number(counters[field]), 0);
  return {
    allocations: sum('allocations'),
    allocatedBytes: sum('allocated_bytes'),
    frees: sum('frees'),
    unknownFrees: sum('unknown_frees'),
    untracked: sum('untracked'),
    untrackedBytes: sum('untracked_bytes'),
    bytesWithoutStack: Number(loaded.map('heap_sums').get(0)?.bytes ?? 0n),
  };
}
