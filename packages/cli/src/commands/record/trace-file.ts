/**
 * `record -o FILE.pftrace`: one trace with the processes that ran and, beside them, each sample with its stack and
 * its time. It grows while the recording goes on; samples come in batches, once they have names.
 */

import { EVENT_KINDS, type Plugin } from '@waggle/core';
import { jsonLineBytes } from '@waggle/core/plugins/event-output';
import { bootToRealtimeOffset, type Native } from '@waggle/ffi';
import type { Profile, ProfileFrame, ProfileLabels, ProfileStack } from '@waggle/formats';
import type { SampledProcess } from '@waggle/profiler';
import { PerfettoEvents, PerfettoSamples, type TimedSample } from '@waggle/timeline';
import { EventLines } from '../../event-files/event-lines.ts';
import { PartialFile } from '../../event-files/partial-file.ts';
import { OutputFailed } from '../../profile-files/output-file.ts';
import { inWords } from '../../profile-files/output-place.ts';
import { counted } from '../../terminal/counted.ts';
import type { Counted } from './counted.ts';

/** Of the outputs those that are such traces. */
export const isTraceFile = (path: string): boolean => path.toLowerCase().endsWith('.pftrace');

/** Why what is counted has no place in a trace, in words. */
export function whyNoTrace({ events, offCpu }: Counted): string | undefined {
  if (offCpu !== undefined)
    return `a .pftrace has samples of CPUs: --${offCpu.name} goes to other formats, such as .pb.gz`;
  if (!events.cpuClock || events.names.length > 1)
    return 'a .pftrace has samples of CPUs: leave out -e, or name another format, such as .pb.gz';
  return undefined;
}

/** What is said of a sample for its place in the trace: whole numbers, and the thread's name. */
export function timedLabels({ pid, tid, threadComm, cpu, time }: SampledProcess): ProfileLabels {
  return { pid, tid, thread: threadComm, cpu, time: Number(time / 1000n) };
}

export class TraceFile implements Disposable {
  readonly path: string;
  readonly #file: PartialFile;
  readonly #events = new PerfettoEvents();
  readonly #samples: PerfettoSamples;
  #problem: string | undefined;
  /** There were too many different stacks to keep the time of each sample. */
  #untimed = 0;
  #isOpen = true;

  /** @throws OutputFailed */
  constructor(path: string, frequencyHz: number) {
    this.path = path;
    this.#file = PartialFile.at(path);
    this.#samples = new PerfettoSamples(frequencyHz);
  }

  /** Writes what starts, ends and fails. */
  plugin(): Plugin {
    return jsonLineBytes({
      name: `trace ${this.path}`,
      events: EVENT_KINDS,
      write: (bytes, { events }) => {
        for (const event of new EventLines(bytes, events).events) this.#events.add(event);
        this.#append(this.#events.take());
      },
    });
  }

  /** @param profile whose stacks have the labels of timedLabels(). */
  addSamples({ stacks }: Pick<Profile, 'stacks'>, native: Native): void {
    // The clock may have been set since the first event.
    const toEpoch = this.#events.bootAt ?? bootToRealtimeOffset(native);
    for (const stack of stacks) {
      const sample = timedSample(stack, toEpoch);
      if (sample === undefined) this.#untimed += stack.count;
      else for (let times = 0; times < stack.count; times++) this.#samples.add(sample);
    }
    this.#append(this.#samples.take());
  }

  /** Puts it in its place. @returns what is wrong with it, in words */
  finish(): readonly string[] {
    this.#isOpen = false;
    try {
      if (this.#problem === undefined) this.#file.finish();
    } catch (error) {
      this.#problem = problemOf(this.path, error);
    }
    if (this.#problem !== undefined) {
      const where = this.#file.giveUp();
      return [`${this.#problem}${where === this.path ? '' : `; what came before is in ${where}`}`];
    }
    if (this.#untimed === 0) return [];
    return [
      `${this.path} is without ${counted(this.#untimed, 'sample')}: there were too many different stacks to keep the time of each`,
    ];
  }

  /** Without finish() nothing was recorded. */
  [Symbol.dispose](): void {
    if (this.#isOpen) this.#file.discard();
    this.#isOpen = false;
  }

  #append(bytes: Uint8Array): void {
    if (this.#problem !== undefined || !this.#isOpen) return;
    try {
      this.#file.append(bytes);
    } catch (error) {
      this.#problem = problemOf(this.path, error);
    }
  }
}

function problemOf(path: string, error: unknown): string {
  return error instanceof OutputFailed ? error.message : inWords(path, error);
}

function timedSample({ frames, labels }: ProfileStack, toEpoch: bigint): TimedSample | undefined {
  const { time, pid, tid, cpu, thread } = labels ?? {};
  if (typeof time !== 'number' || typeof pid !== 'number') return undefined;
  const functions = frames.findIndex(({ kind }) => kind !== 'process');
  return {
    time: BigInt(time) * 1000n + toEpoch,
    pid,
    tid: typeof tid === 'number' ? tid : pid,
    threadName: String(thread ?? ''),
    cpu: Number(cpu ?? 0),
    // A trace has processes and threads apart from their stacks.
    frames: frames.slice(functions < 0 ? frames.length - 1 : functions).map(sampledFrame),
  };
}

function sampledFrame({ name, kind, object }: ProfileFrame) {
  return {
    name,
    isKernel: kind === 'kernel',
    object: object ?? (kind === 'kernel' ? 'kernel' : undefined),
  };
}
