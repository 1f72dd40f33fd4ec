/**
 * The functions of a file as ranges of file offsets, sorted and without overlaps, whatever order and
 * whatever contradictions the sections have. Earlier sections win over later ones.
 */
import type { LoadSegment } from '@waggle/symbols';
import type { FrameDescriptions } from '../dwarf/call-frame-info.ts';
import { MAX_FILE_OFFSET } from '../table/row-list.ts';

export interface FunctionRanges {
  readonly count: number;
  /** File offsets [start, end). */
  readonly start: Float64Array;
  readonly end: Float64Array;
  /** From a virtual address to a file offset. */
  readonly bias: Float64Array;
  /** Number of the FDE in its section. */
  readonly description: Uint32Array;
  /** FDEs about addresses that the file does not map as code, or that are empty. */
  readonly outside: number;
  /** FDEs that another one about the same code cut short or replaced. */
  readonly overlapping: number;
}

/** Numbers below this and file offsets make one exact double between them. */
const PACKED = 2 ** 21;

/** One section's functions. `taken` are those of the sections before, and keep what they cover. */
export function functionRanges(
  fdes: FrameDescriptions,
  loads: readonly LoadSegment[],
  taken: readonly FunctionRanges[],
): FunctionRanges {
  const code = loads.filter((load) => load.executable && load.fileSize > 0);
  const start = new Float64Array(fdes.count);
  const bias = new Float64Array(fdes.count);
  const kept = new Uint32Array(fdes.count);
  let count = 0;
  let load = code[0];
  for (let fde = 0; fde < fdes.count; fde++) {
    const address = fdes.start[fde]!;
    const size = fdes.size[fde]!;
    // Neighbours share a segment; most files have one.
    if (load === undefined || !contains(load, address, size)) {
      load = code.find((segment) => contains(segment, address, size)) ?? load;
    }
    if (load === undefined || size === 0 || !contains(load, address, size)) continue;
    const shift = load.fileOffset - load.vaddr;
    if (address + size + shift > MAX_FILE_OFFSET) continue;
    start[fde] = address + shift;
    bias[fde] = shift;
    kept[count++] = fde;
  }
  const order = sortedBy(kept.subarray(0, count), start);
  return disjoint(order, start, bias, fdes, taken);
}

function contains(load: LoadSegment, address: number, size: number): boolean {
  return address >= load.vaddr && address + size <= load.vaddr + load.fileSize;
}

/** The numbers by ascending start; of equal starts the lower number, which came first. */
function sortedBy(numbers: Uint32Array, start: Float64Array): Uint32Array {
  if (start.length > PACKED) {
    return numbers.sort((a, b) => start[a]! - start[b]! || a - b);
  }
  // Without a comparison function the sort is native, and ten times as fast.
  const keys = new Float64Array(numbers.length);
  for (let i = 0; i < numbers.length; i++) keys[i] = start[numbers[i]!]! * PACKED + numbers[i]!;
  keys.sort();
  for (let i = 0; i < numbers.length; i++) numbers[i] = keys[i]! % PACKED;
  return numbers;
}

function disjoint(
  order: Uint32Array,
  starts: Float64Array,
  biases: Float64Array,
  fdes: FrameDescriptions,
  taken: readonly FunctionRanges[],
): FunctionRanges {
  const start = new Float64Array(order.length);
  const end = new Float64Array(order.length);
  const bias = new Float64Array(order.length);
  const description = new Uint32Array(order.length);
  let count = 0;
  let overlapping = 0;
  for (let position = 0; position < order.length; position++) {
    const fde = order[position]!;
    const from = starts[fde]!;
    const to = from + fdes.size[fde]!;
    const repeated = count > 0 && start[count - 1] === from;
    if (repeated || taken.some((ranges) => overlaps(ranges, from, to))) {
      overlapping++;
      continue;
    }
    if (count > 0 && end[count - 1]! > from) {
      end[count - 1] = from;
      overlapping++;
    }
    start[count] = from;
    end[count] = to;
    bias[count] = biases[fde]!;
    description[count] = fde;
    count++;
  }
  const outside = fdes.count - order.length;
  return { count, start, end, bias, description, outside, overlapping };
}

function overlaps(ranges: FunctionRanges, from: number, to: number): boolean {
  let low = 0;
  let high = ranges.count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ranges.end[middle]! <= from) low = middle + 1;
    else high = middle;
  }
  return low < ranges.count && ranges.start[low]! < to;
}

/** Walks several lists of disjoint ranges as one in ascending order: (list, index in it). */
export function inOrder(
  lists: readonly FunctionRanges[],
  visit: (list: number, index: number) => void,
): void {
  const next = lists.map(() => 0);
  for (;;) {
    let best = -1;
    let lowest = Number.POSITIVE_INFINITY;
    for (let list = 0; list < lists.length; list++) {
      const ranges = lists[list]!;
      const at = next[list]!;
      if (at < ranges.count && ranges.start[at]! < lowest) {
        best = list;
        lowest = ranges.start[at]!;
      }
    }
    if (best < 0) return;
    visit(best, next[best]!);
    next[best]!++;
  }
}
