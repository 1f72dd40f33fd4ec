/** `--live`: which functions allocate and free, the plugin that follows them, and what is said of it at the end. */

import {
  type HeapFunction,
  type HeapMoment,
  type LiveHeapCounts,
  liveHeap,
  MALLOC,
} from '@waggle/core/plugins/live-heap';
import { BadEvent, type ProbeScope, parseEvent, resolveEvent } from '@waggle/probes';
import { counted } from '../../terminal/counted.ts';
import type { RecordOptions } from './options.ts';

export interface LiveHeapRequest {
  /** As it was asked for. */
  readonly what: string;
  readonly functions: readonly HeapFunction[];
}

const OF_C_LIBRARY = 'malloc';
/** NAME, or NAME(argN) where another argument is meant than the first. */
const FUNCTION = /^([^():\s]+)(?:\(arg([1-6])\))?$/;
const HOW =
  '--live takes malloc, or a pair of your own as ALLOCATE:FREE: ALLOCATE(arg2):FREE where the size is ' +
  'not the first argument';

/** What is asked for, or what is wrong with it. */
export function liveHeapRequest(
  { live, maxProbes }: Pick<RecordOptions, 'live' | 'maxProbes'>,
  scope: ProbeScope,
): LiveHeapRequest | undefined | string {
  if (live === undefined) return undefined;
  try {
    const functions =
      live === OF_C_LIBRARY ? cFunctions(scope, maxProbes) : ownPair(live, scope, maxProbes);
    return typeof functions === 'string'
      ? functions
      : { what: live, functions: onceEach(functions) };
  } catch (error) {
    if (error instanceof BadEvent) return error.message;
    throw error;
  }
}

function placeOf(name: string, scope: ProbeScope, limit: number): HeapFunction['event'] {
  const event = resolveEvent(parseEvent(`uprobe:${name}`), scope, { limit });
  if (event.kind === 'user') return event;
  throw new BadEvent('unusable', name, 'it is no function of a program');
}

/** Those of them that there are; malloc and free have to be there. */
function cFunctions(scope: ProbeScope, limit: number): HeapFunction[] {
  // On a host nothing says where to look.
  const library = [...scope.objects()].length === 0 ? 'libc:' : '';
  return Object.entries(MALLOC).flatMap(([name, known]) => {
    try {
      return [{ event: placeOf(`${library}${name}`, scope, limit), ...known }];
    } catch (error) {
      const isNeeded = name === 'malloc' || name === 'free';
      if (!(error instanceof BadEvent) || isNeeded) throw error;
      return [];
    }
  });
}

function ownPair(text: string, scope: ProbeScope, limit: number): HeapFunction[] | string {
  const parts = text.split(':').map((part) => FUNCTION.exec(part));
  const [allocate, free] = parts;
  if (parts.length !== 2 || !allocate || !free) return `--live ${text}: ${HOW}`;
  const [, allocates = '', size = '1'] = allocate;
  const [, releases = '', freed = '1'] = free;
  return [
    { event: placeOf(allocates, scope, limit), size: Number(size) },
    { event: placeOf(releases, scope, limit), frees: Number(freed) },
  ];
}

/** Two names may be one function. */
function onceEach(functions: readonly HeapFunction[]): HeapFunction[] {
  const seen = new Set<string>();
  return functions.filter(({ event }) => {
    const place = event.places.map(({ object, offset }) => `${object.path} ${offset}`).join();
    return seen.size < seen.add(place).size;
  });
}

export function liveHeapPlugin(
  { functions }: LiveHeapRequest,
  { unwind }: Pick<RecordOptions, 'unwind'>,
) {
  return liveHeap({ functions, unwind });
}

const BAR_WIDTH = 40;
const MAX_ROWS = 12;

/** Lines for stderr. */
export function liveHeapLines(counts: LiveHeapCounts, timeline: readonly HeapMoment[]): string[] {
  const { allocations, allocatedBytes, frees, unknownFrees, untracked, untrackedBytes } = counts;
  const { bytesWithoutStack } = counts;
  const last = timeline.at(-1);
  const left = last ?? { bytes: 0, blocks: 0 };
  const lines = [
    `live heap: ${counted(left.blocks, 'block')} of ${size(left.bytes)} in all not freed; ` +
      `${counted(allocations, 'allocation')} of ${size(allocatedBytes)}, ${counted(frees, 'free')}`,
  ];
  if (unknownFrees > 0)
    lines.push(`${counted(unknownFrees, 'free')} of what was allocated before, or is not known`);
  if (untracked > 0)
    lines.push(
      `${counted(untracked, 'allocation')} of ${size(untrackedBytes)} not followed: too many were there at once`,
    );
  if (bytesWithoutStack > 0)
    lines.push(
      `${size(bytesWithoutStack)} are under [no stack]: there were too many different ones`,
    );
  return [...lines, ...overTime(timeline)];
}

function overTime(timeline: readonly HeapMoment[]): string[] {
  const most = Math.max(...timeline.map(({ bytes }) => bytes), 0);
  if (timeline.length < 2 || most === 0) return [];
  const step = Math.ceil(timeline.length / MAX_ROWS);
  const shown = timeline.filter((_, index) => (timeline.length - 1 - index) % step === 0);
  return [
    `not freed over time, ${size(most)} at most:`,
    ...shown.map(({ seconds, bytes, blocks }) =>
      `${seconds.toFixed(1).padStart(8)} s ${size(bytes).padStart(10)}  ${counted(blocks, 'block').padStart(14)}  ${'#'.repeat(Math.ceil((BAR_WIDTH * Math.max(bytes, 0)) / most))}`.trimEnd(),
    ),
  ];
}

function size(bytes: number): string {
  if (Math.abs(bytes) < 10_000) return `${bytes} B`;
  if (Math.abs(bytes) < 10_000_000) return `${(bytes / 1e3).toFixed(0)} kB`;
  return `${(bytes / 1e6).toFixed(0)} MB`;
}
