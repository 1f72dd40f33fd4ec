/** @waggle/ffi: libbpf and the perf syscalls from Bun and Deno. See README.md. */

export { ArrayMap } from './bpf/array-map.ts';
export { BpfMap, type MapBatch } from './bpf/bpf-map.ts';
export { BpfObject, BpfObjectFile } from './bpf/bpf-object.ts';
export { BpfLink, BpfProgram, type KprobePlace, type UprobePlace } from './bpf/bpf-program.ts';
export { runIterator } from './bpf/iterator.ts';
export { IteratorRun } from './bpf/iterator-run.ts';
export { bootToRealtimeOffset, boottimeOffset, clockNanoseconds } from './clock.ts';
export { cpuGenerations, onlineCpus, possibleCpus } from './cpus.ts';
export { errnoOf } from './errors/errno-of.ts';
export { LibraryError } from './errors/library-error.ts';
export { ClosedError, errnoName, SystemError } from './errors/system-error.ts';
export { UnsupportedRuntime } from './errors/unsupported-runtime.ts';
export { bootId, bootTimeMs, memoryInfo, parseMemoryInfo } from './host.ts';
export { LOG_CHANNELS, type LogAction, type LogEntry, log } from './log.ts';
export { type FileStatus, fileStatus } from './native/file-status.ts';
export { libraryPath, type Native, openedNative, openNative } from './native/native.ts';
export { BOUND_SQLITE } from './native/symbols.ts';
export {
  CLOCK_BOOTTIME,
  PERF_COUNT_SW_CPU_CLOCK,
  PERF_COUNT_SW_DUMMY,
  PERF_TYPE_SOFTWARE,
  type PerfEventAttributes,
  SIDEBAND_SAMPLE_TYPE,
} from './perf/attributes.ts';
export { disableAfter } from './perf/disable-after.ts';
export { perfEventParanoid } from './perf/paranoid.ts';
export { PerfEvent, type PerfEventTarget } from './perf/perf-event.ts';
export { type PerfRecordVisitor, PerfRing } from './perf/perf-ring.ts';
export {
  CAPABILITY_NEEDS,
  type CapabilityNeed,
  explainMissing,
  hasCapability,
  missingCapabilities,
  OPTIONAL_CAPABILITY_NEEDS,
  ownPrivileges,
  type Privileges,
} from './process/capabilities.ts';
export {
  type DescriptorNotes,
  type GuardedFile,
  GuardedReader,
  type GuardedStatus,
} from './process/guarded-reader.ts';
export { type Inheritance, inheritance, isIgnored } from './process/inheritance.ts';
export { type NotifySocket, notifySocket } from './process/notify-socket.ts';
export {
  type ForeignPlace,
  foreignOnTheWay,
  isOfOthers,
  makeOwnFolder,
  whyOthersMayReplace,
} from './process/own-place.ts';
export { OwnersRights, type Rights } from './process/owners-rights.ts';
export { PIPE_BYTES, type PipeWriter, pipeWriter } from './process/pipe-output.ts';
export { type ProcessState, processState } from './process/process-state.ts';
export { hasSeccompFilter } from './process/seccomp.ts';
export { sendNow } from './process/send-now.ts';
export { signalName } from './process/signal-name.ts';
export { type SpawnRequest, type SpawnUser, spawnProcess } from './process/spawn.ts';
export { sendStderrBy, writeToStderr } from './process/stderr.ts';
export { type SudoCaller, sudoCaller } from './process/sudo-caller.ts';
export { type TerminalWriter, terminalWriter } from './process/terminal-writer.ts';
export { watchReader } from './process/watch-reader.ts';
export { type LineStep, LineWriter, lineForm, type PreparedLine } from './record-line.ts';
export { DrainLoop, type DrainLoopOptions } from './ring/drain-loop.ts';
export { EpollWakeup, type Wakeup } from './ring/epoll-wakeup.ts';
export { type RecordVisitor, RingBuffer, type RingMemory } from './ring/ring-buffer.ts';
export { threadId } from './thread-state.ts';
export { type WorkerListener, type WorkerPlace, WorkerThread } from './worker-thread.ts';
