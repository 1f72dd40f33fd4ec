/**
 * Probes that try: load the object, attach every program, open a sampling event, a sideband
 * ring. Each cleans up behind itself.
 */

import { LIFECYCLE, type Source } from '@waggle/bpf';
import { attachToSwitches, offCpuSource } from '@waggle/core/plugins/off-cpu';
import {
  missingCapabilities,
  type Native,
  onlineCpus,
  openNative,
  PERF_COUNT_SW_CPU_CLOCK,
  PERF_TYPE_SOFTWARE,
  PerfEvent,
} from '@waggle/ffi';
import { LoadedSources, openEventRing, sharedMapEntries } from '@waggle/kernel';
import { parseEvent } from '@waggle/probes';
import { SAMPLE_HOOK, Sideband, samplerSource } from '@waggle/profiler';
import { isSystemError } from '@waggle/symbols/system-error';
import { inconclusive, missing, type Probe, type ProbeResult, works } from './probe.ts';

const PROBE_RING_BYTES = 65_536;
const PROBE_ENTRIES = 64;

function refused(error: unknown): ProbeResult {
  const code = isSystemError(error) ? error.code : undefined;
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

/** The source in the kernel, with a ring of the least size. */
async function loaded(native: Native, source: Source): Promise<LoadedSources> {
  const sources = new LoadedSources(native, {
    sharedMapEntries: sharedMapEntries({ ringBytes: PROBE_RING_BYTES, trackedProcesses: 1 }),
  });
  try {
    await sources.loadAll([source]);
    return sources;
  } catch (error) {
    sources.close();
    throw error;
  }
}

function onlyHook(hook: string): Source {
  const { [hook]: programs = [] } = LIFECYCLE.hooks;
  return { ...LIFECYCLE, hooks: { [hook]: programs } };
}

const lifecycleHook = (hook: string) => () =>
  guarded(async () => {
    using sources = await loaded(await openNative(), onlyHook(hook));
    const outcome = sources.report[hook];
    if (outcome?.state === 'attached') return works(`attached as ${outcome.method}`);
    return missing(outcome?.reasons.at(-1)?.split('\n')[0] ?? 'not attached', 'no such events');
  });

const ringBuffer = () =>
  guarded(async () => {
    const native = await openNative();
    using sources = await loaded(native, onlyHook('exit'));
    using ring = openEventRing(native, sources);
    return works(`${ring.size} bytes mapped`);
  });

const sampling = () =>
  guarded(async () => {
    const native = await openNative();
    const source = samplerSource({ unwind: 'fp', entries: PROBE_ENTRIES });
    using sources = await loaded(native, source);
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
    const program = sources.get(source.skeleton)?.programOf(SAMPLE_HOOK);
    using _link = program?.attachPerfEvent(event);
    return works('cpu-clock with a BPF program');
  });

const unwinding = () =>
  guarded(async () => {
    const source = samplerSource({ unwind: 'dwarf', entries: PROBE_ENTRIES });
    using _sources = await loaded(await openNative(), source);
    return works('by call frame information, in the kernel');
  });

const offCpu = () =>
  guarded(async () => {
    const source = offCpuSource({ onCpu: false, minBlockNs: 0, states: [], unwind: 'fp' });
    using sources = await loaded(await openNative(), source);
    const program = sources.get(source.skeleton)?.programOf('enter');
    if (sources.report.enter?.state !== 'attached' && program !== undefined)
      for (const link of attachToSwitches(program)) link.close();
    return works('waits with the stacks of who waited');
  });

const hardwareCounters = () =>
  guarded(async () => {
    const native = await openNative();
    const cycles = parseEvent('cycles');
    if (cycles.kind !== 'perf') return inconclusive('cycles', 'the name has another meaning');
    const { type, config } = cycles;
    try {
      using _event = PerfEvent.open(
        native,
        { type, config, frequencyHz: 99, flags: ['disabled'] },
        { pid: -1, cpu: onlineCpus()[0] ?? 0 },
      );
    } catch (error) {
      if (!isSystemError(error) || error.code !== 'ENOENT') throw error;
      return missing('record -e cycles and the like', 'this CPU, or its hypervisor, shows none');
    }
    return works('record -e cycles, instructions, cache-misses, ...');
  });

const sideband = () =>
  guarded(async () => {
    const native = await openNative();
    const cpus = onlineCpus();
    using band = new Sideband(native, cpus);
    band.read(true);
    return works(`mmap records of ${cpus.length} CPUs`);
  });

export const KERNEL_PROBES: readonly Probe[] = [
  { name: 'libbpf', required: true, run: libbpf },
  ...Object.keys(LIFECYCLE.hooks).map((hook) => ({
    name: `${hook} events`,
    required: hook !== 'fork',
    run: lifecycleHook(hook),
  })),
  { name: 'ring buffer', required: true, run: ringBuffer },
  { name: 'CPU sampling', required: true, run: sampling },
  { name: 'stacks without frame pointers', required: false, run: unwinding },
  { name: 'time off the CPU', required: false, run: offCpu },
  { name: 'hardware counters', required: false, run: hardwareCounters },
  { name: 'mapping records', required: true, run: sideband },
];
