// Probes that try: load the object, attach every program, open a sampling event, a side-band
// ring. Each cleans up behind itself.

import { LIFECYCLE_PROGRAMS, type LifecycleHook } from '@waggle/bpf';
import {
  onlineCpus,
  openNative,
  PERF_COUNT_SW_CPU_CLOCK,
  PERF_TYPE_SOFTWARE,
  PerfEvent,
  RingBuffer,
} from '@waggle/ffi';
import { SideBand } from '@waggle/profiler';
import { missingCapabilities } from '../kernel/capabilities.ts';
import { loadKernelPrograms } from '../kernel/kernel-programs.ts';
import { inconclusive, missing, type Probe, type ProbeResult, works } from './probe.ts';

const PROBE_RING_BYTES = 65_536;

function refused(error: unknown): ProbeResult {
  const { code } = error as { code?: string };
  const first = String((error as Error).message).split('\n')[0] ?? '';
  // The verifier says EACCES too, of a program that it refuses.
  if (code === 'EPERM' || (code === 'EACCES' && missingCapabilities().length > 0))
    return inconclusive(first, 'permission denied: run as root or with the capabilities above');
  return missing(first, 'this kernel or its configuration does not offer it');
}

async function guarded(probe: () => Promise<ProbeResult>): Promise<ProbeResult> {
  try {
    return await probe();
  } catch (error) {
    return refused(error);
  }
}

const libbpf = () =>
  guarded(async () => {
    const native = await openNative();
    return works(native.stringAt(native.libbpf.libbpf_version_string()));
  });

const lifecycleHook = (hook: LifecycleHook) => () =>
  guarded(async () => {
    const native = await openNative();
    using programs = loadKernelPrograms(native, {
      hooks: [hook],
      ringBytes: PROBE_RING_BYTES,
      tracksProcesses: false,
    });
    const outcome = programs.report[hook];
    if (outcome?.state === 'attached') return works(`attached as ${outcome.method}`);
    return missing(outcome?.reasons.at(-1)?.split('\n')[0] ?? 'not attached', 'no such events');
  });

const ringBuffer = () =>
  guarded(async () => {
    const native = await openNative();
    using programs = loadKernelPrograms(native, {
      hooks: ['exit'],
      ringBytes: PROBE_RING_BYTES,
      tracksProcesses: false,
    });
    using ring = new RingBuffer(native, programs.object.map('process_events'));
    return works(`${ring.size} bytes mapped`);
  });

const sampling = () =>
  guarded(async () => {
    const native = await openNative();
    using programs = loadKernelPrograms(native, {
      hooks: [],
      sampleEntries: 64,
      ringBytes: PROBE_RING_BYTES,
      tracksProcesses: false,
    });
    const event = PerfEvent.open(
      native,
      {
        type: PERF_TYPE_SOFTWARE,
        config: PERF_COUNT_SW_CPU_CLOCK,
        frequencyHz: 99,
        flags: ['disabled'],
      },
      { pid: -1, cpu: onlineCpus()[0] ?? 0 },
    );
    using _link = programs.object.program(programs.sampler).attachPerfEvent(event);
    return works('cpu-clock with a BPF program');
  });

const unwinding = () =>
  guarded(async () => {
    const native = await openNative();
    using _programs = loadKernelPrograms(native, {
      hooks: [],
      sampleEntries: 64,
      ringBytes: PROBE_RING_BYTES,
      tracksProcesses: false,
      unwind: 'dwarf',
    });
    return works('by call frame information, in the kernel');
  });

const sideBand = () =>
  guarded(async () => {
    const native = await openNative();
    const cpus = onlineCpus();
    using band = new SideBand(native, cpus);
    band.read(true);
    return works(`mmap records of ${cpus.length} CPUs`);
  });

export const KERNEL_PROBES: readonly Probe[] = [
  { name: 'libbpf', required: true, run: libbpf },
  ...(Object.keys(LIFECYCLE_PROGRAMS) as LifecycleHook[]).map((hook) => ({
    name: `${hook} events`,
    required: hook !== 'fork',
    run: lifecycleHook(hook),
  })),
  { name: 'ring buffer', required: true, run: ringBuffer },
  { name: 'CPU sampling', required: true, run: sampling },
  { name: 'stacks without frame pointers', required: false, run: unwinding },
  { name: 'mapping records', required: true, run: sideBand },
];
