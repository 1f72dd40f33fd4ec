// Gets the BPF object into the kernel: chooses programs, sizes maps, loads, attaches, and
// falls back program by program where the kernel refuses one. What could not be attached is in
// the report and is not fatal here; whoever needs it decides.

import { readFileSync } from 'node:fs';
import {
  type AttachMethod,
  KERNEL_PROGRAMS,
  MAPS,
  objectPath,
  type ProgramHook,
  rodata,
  SAMPLE_PROGRAMS,
} from '@waggle/bpf';
import {
  type BpfLink,
  type BpfObject,
  BpfObjectFile,
  boottimeOffset,
  type Native,
  possibleCpus,
  SystemError,
} from '@waggle/ffi';
import type { PidNamespace } from './pid-namespace.ts';
import { unusableKfunc, withoutKfunc } from './unusable-kfuncs.ts';

/**
 * `fp`: by frame pointers, in the kernel's way. `dwarf`: by call frame information, and by frame
 * pointers where there is none. `auto`: `dwarf` where the kernel can (6.1), `fp` elsewhere.
 */
export type UnwindMode = 'fp' | 'dwarf' | 'auto';

export interface KernelProgramsOptions {
  /** Handlers to attach. */
  readonly hooks: readonly ProgramHook[];
  /** Loads the sampler too, with room for this many distinct stacks in each counting map. */
  readonly sampleEntries?: number;
  readonly sampleIdle?: boolean;
  /** Stacks of the threads of a process are counted apart. */
  readonly sampleThreads?: boolean;
  /** How the sampler walks user stacks; `fp` unless given. */
  readonly unwind?: UnwindMode;
  /** Bytes of process_events: a power of two and a multiple of the page size. */
  readonly ringBytes: number;
  /** Bytes of the ring for stacks that userspace walks, where the sampler walks by tables. */
  readonly deferredBytes?: number;
  /** Exec records can be asked for paths, ids and marks; true unless given. */
  readonly execDetail?: boolean;
  /** Whether the tracked set is used; without it the map takes no memory. */
  readonly tracksProcesses: boolean;
  /** Most processes of it; those of the object unless given. */
  readonly trackedEntries?: number;
  /** By which processes are counted; the initial one unless given. */
  readonly pidNamespace?: PidNamespace;
  /** Methods that are not tried, as if the kernel refused them: for tests of the fallbacks. */
  readonly without?: readonly AttachMethod[];
  /** A file or the bytes of one; the built object's file unless given. */
  readonly object?: string | Uint8Array;
}

export type AttachOutcome =
  | { readonly state: 'attached'; readonly method: AttachMethod }
  | { readonly state: 'absent'; readonly reasons: readonly string[] };

export type AttachReport = Readonly<Partial<Record<ProgramHook, AttachOutcome>>>;

export interface KernelPrograms extends Disposable {
  readonly object: BpfObject;
  readonly report: AttachReport;
  /** The program to attach to perf events, where the sampler was asked for. */
  readonly sampler: string;
  /** The sampler walks by tables; false also when `auto` had to do without. */
  readonly unwindsByTables: boolean;
  close(): void;
}

interface LoadOptions extends KernelProgramsOptions {
  readonly unwindsByTables: boolean;
}

interface HookChoice {
  /** Index into the hook's variants. */
  variant: number;
  readonly refusals: string[];
}

const MOST_INTERRUPTIONS = 10;
/** A page of any architecture. */
const SMALLEST_RING = 65_536;

/** What only the sampler names. */
const SAMPLING_MAPS = [
  ...MAPS.samples,
  MAPS.activeSamples,
  MAPS.sampleCounters,
  MAPS.sampleScratch,
  MAPS.unwindTables,
  MAPS.unwindObjects,
  MAPS.describedCode,
  MAPS.deferredSamples,
  MAPS.deferredScratch,
];

/** One refusal that is to be answered with the next variant. */
class Refused extends Error {
  constructor(
    readonly program: string,
    override readonly cause: SystemError,
  ) {
    super(cause.message);
  }
}

/** Only the last method reads tracefs, which many hosts and containers do not mount. */
function explained({ message, cause }: Refused): string {
  const noTracefs = cause.code === 'ENOENT' && message.includes('_tracepoint');
  return noTracefs ? `${message} (mount -t tracefs tracefs /sys/kernel/tracing)` : message;
}

/** @throws SystemError when not one program can be loaded, or rights are missing. */
export function loadKernelPrograms(native: Native, options: KernelProgramsOptions): KernelPrograms {
  let source = options.object ?? objectPath();
  const choices = new Map<ProgramHook, HookChoice>(
    options.hooks.map((hook) => [hook, { variant: 0, refusals: [] }]),
  );
  let unwindsByTables = (options.unwind ?? 'fp') !== 'fp';
  for (let interruptions = 0; ; ) {
    try {
      return attempt(native, source, { ...options, unwindsByTables }, choices);
    } catch (error) {
      const kfunc = error instanceof SystemError ? unusableKfunc(error) : undefined;
      if (kfunc !== undefined) {
        source = withoutKfunc(typeof source === 'string' ? readFileSync(source) : source, kfunc);
        continue;
      }
      if (!(error instanceof Refused)) throw error;
      // A signal arrived while the verifier was at work: no refusal. The runtime's own do not reach the
      // thread that loads; those for the whole process may.
      if (error.cause.code === 'EAGAIN' && interruptions++ < MOST_INTERRUPTIONS) continue;
      const choice = [...choices.entries()].find(
        ([hook, { variant }]) => KERNEL_PROGRAMS[hook][variant]?.program === error.program,
      )?.[1];
      if (error.program === SAMPLE_PROGRAMS.tables && options.unwind === 'auto') {
        unwindsByTables = false;
        continue;
      }
      // The sampler has no second variant but that, and without rights the next one fails as well.
      if (choice === undefined || error.cause.code === 'EPERM') throw error.cause;
      choice.refusals.push(explained(error));
      choice.variant++;
    }
  }
}

function attempt(
  native: Native,
  source: string | Uint8Array,
  options: LoadOptions,
  choices: ReadonlyMap<ProgramHook, HookChoice>,
): KernelPrograms {
  const file =
    typeof source === 'string'
      ? BpfObjectFile.open(native, source)
      : BpfObjectFile.openBytes(native, source, 'waggle.bpf.o');
  const report: Partial<Record<ProgramHook, AttachOutcome>> = {};
  const wanted: { hook: ProgramHook; program: string; method: AttachMethod }[] = [];
  for (const [hook, choice] of choices) {
    const variants = KERNEL_PROGRAMS[hook].filter(({ program }) =>
      file.programNames.includes(program),
    );
    skipUnwanted(hook, choice, options.without ?? []);
    const variant = KERNEL_PROGRAMS[hook][choice.variant];
    if (variants.length === 0)
      report[hook] = { state: 'absent', reasons: ['the BPF object has no such program'] };
    else if (variant === undefined) report[hook] = { state: 'absent', reasons: choice.refusals };
    else wanted.push({ hook, ...variant });
  }
  const object = load(
    file,
    options,
    wanted.map(({ program }) => program),
  );
  const links: BpfLink[] = [];
  const close = () => {
    for (const link of links.splice(0).reverse()) link.close();
    object.close();
  };
  try {
    for (const { hook, program, method } of wanted) {
      try {
        links.push(object.program(program).attach());
      } catch (error) {
        throw error instanceof SystemError ? new Refused(program, error) : error;
      }
      report[hook] = { state: 'attached', method };
    }
  } catch (error) {
    close();
    throw error;
  }
  const { unwindsByTables } = options;
  const sampler = samplerOf(options);
  return { object, report, sampler, unwindsByTables, close, [Symbol.dispose]: close };
}

function samplerOf({ unwindsByTables }: LoadOptions): string {
  return unwindsByTables ? SAMPLE_PROGRAMS.tables : SAMPLE_PROGRAMS.framePointers;
}

function skipUnwanted(
  hook: ProgramHook,
  choice: HookChoice,
  without: readonly AttachMethod[],
): void {
  for (;;) {
    const method = KERNEL_PROGRAMS[hook][choice.variant]?.method;
    if (method === undefined || !without.includes(method)) return;
    choice.refusals.push(`${method} is switched off`);
    choice.variant++;
  }
}

function load(file: BpfObjectFile, options: LoadOptions, programs: readonly string[]): BpfObject {
  const sampling = options.sampleEntries !== undefined;
  try {
    file.selectPrograms(new Set(sampling ? [...programs, samplerOf(options)] : programs));
    file.setMaxEntries(MAPS.events, options.ringBytes);
    setNamespaces(file, options.pidNamespace);
    // Programs name these maps, so they must exist; what is not used takes one entry.
    if (!options.tracksProcesses) file.setMaxEntries(MAPS.trackedProcesses, 1);
    else if (options.trackedEntries !== undefined)
      file.setMaxEntries(MAPS.trackedProcesses, options.trackedEntries);
    sizeSamplingMaps(file, options);
    if (options.execDetail === false)
      file.setConstant('.rodata', rodata.offset.exec_detail, Uint8Array.of(0));
    if (options.sampleIdle)
      file.setConstant('.rodata', rodata.offset.sample_idle, Uint8Array.of(1));
    if (options.sampleThreads)
      file.setConstant('.rodata', rodata.offset.count_by_thread, Uint8Array.of(1));
  } catch (error) {
    file.close();
    throw error;
  }
  try {
    return file.load();
  } catch (error) {
    if (error instanceof SystemError) {
      // libbpf names the program whose load failed (libbpf.c, bpf_object_load_prog).
      const program = /prog '(\w+)': failed to load/.exec(error.log)?.[1];
      if (program !== undefined) throw new Refused(program, error);
    }
    throw error;
  }
}

function sizeSamplingMaps(file: BpfObjectFile, options: LoadOptions): void {
  if (options.sampleEntries === undefined) {
    // Kernels that can trace refuse some: keys above 512 bytes need 5.11, arrays of two sizes 5.10.
    for (const map of SAMPLING_MAPS) if (file.mapNames.includes(map)) file.omitMap(map);
    return;
  }
  for (const map of MAPS.samples) file.setMaxEntries(map, options.sampleEntries);
  if (options.unwindsByTables) {
    const { self: pid = process.pid } = options.pidNamespace ?? {};
    const self = new Uint8Array(Uint32Array.of(pid).buffer);
    file.setConstant('.rodata', rodata.offset.own_tgid, self);
    file.setMaxEntries(MAPS.deferredScratch, possibleCpus());
    if (options.deferredBytes !== undefined)
      file.setMaxEntries(MAPS.deferredSamples, options.deferredBytes);
  } else {
    file.setMaxEntries(MAPS.deferredSamples, SMALLEST_RING);
    file.setMaxEntries(MAPS.unwindTables, 1);
    file.setMaxEntries(MAPS.unwindObjects, 1);
    file.setMaxEntries(MAPS.describedCode, 1);
  }
}

/** Pids and times as the records have them are those of our own namespaces. */
function setNamespaces(file: BpfObjectFile, pids: PidNamespace | undefined): void {
  const inode = Uint32Array.of(pids?.inode ?? 0);
  const offset = BigInt64Array.of(boottimeOffset());
  const { pid_namespace, boottime_offset } = rodata.offset;
  file.setConstant('.rodata', pid_namespace, new Uint8Array(inode.buffer));
  file.setConstant('.rodata', boottime_offset, new Uint8Array(offset.buffer));
}
