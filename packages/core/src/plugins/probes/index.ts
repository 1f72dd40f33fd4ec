/**
 * Probes as a plugin: stacks where functions are called or return, or USDT probes are hit, with how often, or
 * with the sum of an argument, of what is returned, or of the time until then.
 */

import {
  probeArgument,
  probeBounds,
  probeFlags,
  probeOperand,
  type probes as probesObject,
} from '@waggle/bpf';
import type { UsdtArgument } from '@waggle/probes';
import type { UnwindMode } from '@waggle/profiler';
import { checkChoice, checkList, checkNumber } from '../../errors/check-options.ts';
import { BadOption } from '../../errors/errors.ts';
import { definePlugin } from '../../plugin/plugin.ts';
import type { PluginSource } from '../../plugin/plugin-source.ts';
import { defineService } from '../../plugin/service.ts';
import { Profiler } from '../cpu-profiler/index.ts';
import { AttachedProbes } from './attach-probes.ts';
import { argumentsOf, type CountedProbe } from './counted-probe.ts';
import { probeSource } from './probe-source.ts';

export {
  type CountedProbe,
  MAX_ARGUMENTS,
  type NumberType,
  type ProbeWeight,
} from './counted-probe.ts';

export interface ProbeStats {
  readonly name: string;
  /** Times that it was hit by who is recorded. */
  readonly hits: number;
  /** Nanoseconds in waggle's own program, the kernel's way to it left out. */
  readonly spentNs: number;
  /** Hits above `maxRate`: counted, without a stack. */
  readonly withoutStack: number;
  /** Lost: too many threads of a CPU were in the middle of one. */
  readonly lost: number;
  /** Hits with a negative weight, which adds nothing. */
  readonly negative: number;
  /** Returns of calls that began before. */
  readonly unmatched: number;
  /** Of durations: how many took from 2^n to 2^(n+1) nanoseconds, at index n. Empty for other weights. */
  readonly latencies: readonly number[];
}

export interface ProbesService {
  /** Of each probe, until now. */
  stats(): readonly ProbeStats[];
}

/** Key of the probes, for who wants to know how often they were hit. */
export const Probes = defineService<ProbesService>()('probes');

export interface ProbesOptions {
  readonly probes: readonly CountedProbe[];
  /** Stacks a second and CPU of each, at most; hits beyond are counted without one. Default: no limit. */
  readonly maxRate?: number | undefined;
  /** As the profiler's. Default `auto`. */
  readonly unwind?: UnwindMode | undefined;
}

/** Of a second, as the BPF program counts: WINDOW_NS. */
const WINDOWS = 10;

/**
 * Stacks at probes, each with a value of its own in profiles.
 *
 * - Needs: `Profiler`, whose `cpuClock: false` leaves the CPUs' time out, and `manyStacks` for what is called
 *   often. Linux 5.15.
 * - Provides: `Probes`.
 * - Costs: some microseconds for each hit, of who calls; processes that are not recorded pay about one, since
 *   a probe stands in a file and not in a process.
 *
 * ```ts
 * import { cpuProfiler, createAgent } from '@waggle/core';
 * import { probes } from '@waggle/core/plugins/probes';
 * import { hostScope, parseEvent, resolveEvent } from '@waggle/probes';
 *
 * using scope = hostScope();
 * const event = resolveEvent(parseEvent('uprobe:libc:malloc'), scope, { limit: 100 });
 * if (event.kind !== 'user') throw new Error('no function of a program');
 * const malloc = { name: 'malloc', event, weight: { kind: 'argument', number: 1 }, unit: 'bytes' } as const;
 * const profiler = cpuProfiler({ cpuClock: false, manyStacks: true });
 * await using agent = await createAgent({ plugins: [profiler, probes({ probes: [malloc] })] });
 * setTimeout(() => agent.stop(), 5000);
 * await agent.finished;
 * ```
 *
 * @throws BadOption for an option that makes no sense; the session's start fails with it where the kernel
 *   refuses a probe, and nothing is attached then
 */
export const probes = ({ probes: counted, maxRate, unwind = 'auto' }: ProbesOptions) => {
  checkList('probes', counted, 'a list of probes', (probe) => typeof probe === 'object');
  checkNumber('maxRate', maxRate, { min: 1 });
  checkChoice('unwind', unwind, ['auto', 'fp', 'dwarf']);
  if (counted.length > probeBounds.PROBE_EVENTS_MAX)
    throw new BadOption({
      option: 'probes',
      message: `at most ${probeBounds.PROBE_EVENTS_MAX} probes can be counted at once, not ${counted.length}`,
    });
  // The first is that of places without one.
  const all: (UsdtArgument | undefined)[] = [undefined];
  const firstArguments = counted.map((probe) => {
    const places = argumentsOf(probe);
    if (places.length === 0) return 0;
    all.push(...places);
    return all.length - places.length;
  });
  const declared = probeSource(counted, all.length, unwind);
  return definePlugin({
    name: 'probes',
    essential: true,
    provides: Probes,
    needs: { profiler: Profiler },
    sources: [declared],
    setup({ services: { profiler }, source, onClose }) {
      const loaded = source(declared);
      const attached = new AttachedProbes(loaded);
      onClose(() => attached[Symbol.dispose]());
      profiler.addSource({
        events: counted.map(({ name, event, weight, unit = 'count' }) => {
          if (event.kind === 'tracepoint')
            return { name, unit: 'count', value: 'occurrences', atTracepoint: true };
          if (weight?.kind === 'duration')
            return { name, unit: 'microseconds', value: 'weights', divisor: 1000 };
          return weight === undefined
            ? { name, unit: 'count', value: 'occurrences' }
            : { name, unit, value: 'weights' };
        }),
        unwindsByTables: !programNames(loaded).some((name) => name.endsWith('_by_frame_pointers')),
        begin({ firstEvent }) {
          for (const [at, argument] of all.entries())
            loaded.rawMap('probe_arguments').set(u32(at), argumentBytes(argument));
          for (const [index, probe] of counted.entries())
            loaded.map('probe_events').set(index, {
              number: firstEvent + index,
              flags: flagsOf(probe),
              max_rate: maxRate === undefined ? 0n : BigInt(Math.ceil(maxRate / WINDOWS)),
            });
          try {
            for (const [index, probe] of counted.entries())
              attached.attach(probe, index, firstArguments[index] ?? 0);
          } catch (error) {
            attached[Symbol.dispose]();
            throw error;
          }
        },
        end: () => attached[Symbol.dispose](),
      });
      return {
        service: { stats: () => counted.map((probe, index) => statsOf(loaded, probe, index)) },
      };
    },
  });
};

type LoadedProbes = PluginSource<typeof probesObject>;

function programNames(loaded: LoadedProbes): string[] {
  return Object.keys(loaded.loaded.hooks).map((hook) => loaded.programOf(hook).name);
}

function flagsOf({ weight }: CountedProbe): number {
  if (weight === undefined) return 0;
  return weight.kind === 'duration'
    ? probeFlags.PROBE_WEIGHS_DURATION
    : probeFlags.PROBE_WEIGHS_ARGUMENT;
}

function u32(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}

/** struct probe_argument */
function argumentBytes(argument: UsdtArgument | undefined): Uint8Array {
  const bytes = new Uint8Array(probeArgument.size);
  if (argument === undefined) return bytes;
  const view = new DataView(bytes.buffer);
  const at = probeArgument.offset;
  const { operand } = argument;
  view.setUint8(at.bytes, argument.bytes);
  view.setUint8(at.is_signed, Number(argument.signed));
  switch (operand.kind) {
    case 'constant':
      view.setUint8(at.operand, probeOperand.OPERAND_CONSTANT);
      view.setBigInt64(at.displacement, operand.value, true);
      break;
    case 'register':
      view.setUint8(at.operand, probeOperand.OPERAND_REGISTER);
      view.setUint8(at.base, operand.register);
      view.setUint8(at.shift, operand.shift);
      break;
    case 'memory':
      view.setUint8(at.operand, probeOperand.OPERAND_MEMORY);
      view.setUint8(at.base, operand.base);
      view.setUint8(at.index, operand.index ?? 0);
      view.setUint8(at.scale, operand.index === undefined ? 0 : operand.scale);
      view.setBigInt64(at.displacement, BigInt(operand.displacement), true);
  }
  return bytes;
}

function statsOf(loaded: LoadedProbes, { name, weight }: CountedProbe, index: number): ProbeStats {
  const perCpu = loaded.map('probe_counters').ofEachCpu(index);
  const sum = (field: keyof (typeof perCpu)[number]) =>
    perCpu.reduce((total, counters) => total + Number(counters[field]), 0);
  return {
    name,
    hits: sum('hits'),
    spentNs: sum('spent_ns'),
    withoutStack: sum('without_stack'),
    lost: sum('no_slot'),
    negative: sum('negative'),
    unmatched: sum('unmatched'),
    latencies: weight?.kind === 'duration' ? latenciesOf(loaded, index) : [],
  };
}

/** struct latency_counts, of each CPU. */
function latenciesOf(loaded: LoadedProbes, index: number): number[] {
  const map = loaded.rawMap('latencies');
  const bytes = map.get(u32(index)) ?? new Uint8Array();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: probeBounds.PROBE_LATENCY_BITS }, (_, bits) => {
    let total = 0;
    for (let cpu = 0; cpu < map.cpus; cpu++)
      total += Number(view.getBigUint64(cpu * map.valueStride + 8 * bits, true));
    return total;
  });
}
