/**
 * Numbers of the fields that are written, of Perfetto's published schema (protos/perfetto/trace). A test
 * decodes what is written by that schema.
 */

export const TRACE = { packet: 1 } as const;

export const PACKET = {
  processTree: 2,
  clockSnapshot: 6,
  timestamp: 8,
  sequence: 10,
  internedData: 12,
  sequenceFlags: 13,
  trackEvent: 11,
  defaults: 59,
  trackDescriptor: 60,
  perfSample: 66,
} as const;

export const CLOCK_SNAPSHOT = { clocks: 1 } as const;
export const CLOCK = { id: 1, timestamp: 2 } as const;
/** BuiltinClock. */
export const CLOCK_ID = { realtime: 1, boottime: 6 } as const;

export const PROCESS_TREE = { processes: 1, threads: 2 } as const;
export const TREE_THREAD = { tid: 1, name: 2, tgid: 3 } as const;
export const TREE_PROCESS = { pid: 1, ppid: 2, cmdline: 3, uid: 5 } as const;

export const TRACK_DESCRIPTOR = { uuid: 1, process: 3, parentUuid: 5 } as const;
export const PROCESS_DESCRIPTOR = { pid: 1, cmdline: 2, name: 6 } as const;

export const TRACK_EVENT = {
  annotations: 4,
  type: 9,
  trackUuid: 11,
  categories: 22,
  name: 23,
} as const;
export const EVENT_TYPE = { sliceBegin: 1, sliceEnd: 2, instant: 3 } as const;

export const ANNOTATION = { bool: 2, int: 4, string: 6, name: 10 } as const;

/** TracePacket.SequenceFlags. */
export const SEQUENCE_FLAGS = { stateCleared: 1, needsState: 2 } as const;
export const INTERNED_DATA = {
  functionNames: 5,
  frames: 6,
  callstacks: 7,
  mappingPaths: 17,
  mappings: 19,
} as const;
export const INTERNED_STRING = { iid: 1, text: 2 } as const;
export const FRAME = { iid: 1, functionName: 2, mapping: 3, relativePc: 4 } as const;
export const CALLSTACK = { iid: 1, frames: 2 } as const;
export const MAPPING = { iid: 1, paths: 7 } as const;
export const PERF_SAMPLE = { cpu: 1, pid: 2, tid: 3, callstack: 4, cpuMode: 5 } as const;
/** Profiling.CpuMode. */
export const CPU_MODE = { kernel: 1, user: 2 } as const;
export const DEFAULTS = { perfSample: 12 } as const;
export const PERF_SAMPLE_DEFAULTS = { timebase: 1 } as const;
export const TIMEBASE = { frequency: 2, counter: 4, name: 10 } as const;
/** PerfEvents.Counter: SW_CPU_CLOCK. */
export const CPU_CLOCK = 1;
