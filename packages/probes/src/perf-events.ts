/**
 * perf's names of software, hardware and cache events, and the numbers that perf_event_open(2) takes for
 * them. Source: linux/perf_event.h, and perf's own parser for the names (tools/perf/util/parse-events.c).
 */

const PERF_TYPE_HARDWARE = 0;
const PERF_TYPE_SOFTWARE = 1;
const PERF_TYPE_HW_CACHE = 3;
const PERF_TYPE_RAW = 4;

export interface PerfEventKind {
  readonly type: number;
  readonly config: number;
  /** What is counted is time: a period of it is a frequency. */
  readonly isClock: boolean;
}

/** perf_sw_ids */
const SOFTWARE: Readonly<Record<string, number>> = {
  'cpu-clock': 0,
  'task-clock': 1,
  'page-faults': 2,
  faults: 2,
  'context-switches': 3,
  cs: 3,
  'cpu-migrations': 4,
  migrations: 4,
  'minor-faults': 5,
  'major-faults': 6,
  'alignment-faults': 7,
  'emulation-faults': 8,
  'bpf-output': 10,
  'cgroup-switches': 11,
};

/** perf_hw_id */
const HARDWARE: Readonly<Record<string, number>> = {
  'cpu-cycles': 0,
  cycles: 0,
  instructions: 1,
  'cache-references': 2,
  'cache-misses': 3,
  'branch-instructions': 4,
  branches: 4,
  'branch-misses': 5,
  'bus-cycles': 6,
  'stalled-cycles-frontend': 7,
  'idle-cycles-frontend': 7,
  'stalled-cycles-backend': 8,
  'idle-cycles-backend': 8,
  'ref-cycles': 9,
};

/** perf_hw_cache_id */
const CACHES = ['L1-dcache', 'L1-icache', 'LLC', 'dTLB', 'iTLB', 'branch', 'node'] as const;
/** perf_hw_cache_op_id, as perf names what was done, and what came of it. */
const CACHE_OPERATIONS: readonly (readonly [name: string, operation: number, result: number])[] = [
  ['loads', 0, 0],
  ['load-misses', 0, 1],
  ['stores', 1, 0],
  ['store-misses', 1, 1],
  ['prefetches', 2, 0],
  ['prefetch-misses', 2, 1],
];

const CLOCKS: readonly number[] = [0, 1];

const KINDS: ReadonlyMap<string, PerfEventKind> = new Map<string, PerfEventKind>([
  ...Object.entries(SOFTWARE).map(
    ([name, config]) =>
      [name, { type: PERF_TYPE_SOFTWARE, config, isClock: CLOCKS.includes(config) }] as const,
  ),
  ...Object.entries(HARDWARE).map(
    ([name, config]) => [name, { type: PERF_TYPE_HARDWARE, config, isClock: false }] as const,
  ),
  ...CACHES.flatMap((cache, id) =>
    CACHE_OPERATIONS.map(([name, operation, result]) => {
      const config = id | (operation << 8) | (result << 16);
      return [`${cache}-${name}`, { type: PERF_TYPE_HW_CACHE, config, isClock: false }] as const;
    }),
  ),
]);

/** All names that are known, software first. */
export const PERF_EVENT_NAMES: readonly string[] = [...KINDS.keys()];

/** By its name in perf, or as `rHEX`, a raw number of this CPU; undefined for any other text. */
export function perfEventKind(name: string): PerfEventKind | undefined {
  const known = KINDS.get(name);
  if (known !== undefined) return known;
  const [, raw] = /^r([0-9a-f]{1,12})$/i.exec(name) ?? [];
  if (raw === undefined) return undefined;
  return { type: PERF_TYPE_RAW, config: Number.parseInt(raw, 16), isClock: false };
}

/** Whether the CPU has to have a counter for it. */
export function needsCounter({ type }: PerfEventKind): boolean {
  return type !== PERF_TYPE_SOFTWARE;
}
