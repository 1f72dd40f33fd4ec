/**
 * Drains the counting maps without losing a count. Programs write to one map while the other
 * is read; a map is drained one whole round after it was switched off, when no program can
 * still be at work in it.
 */

import {
  decodeComm,
  interpretedOutcome,
  keyKind,
  sampleCounters,
  sampleKey,
  sampleValue,
  stackBounds,
  unwindStop,
} from '@waggle/bpf';
import type { BpfMap } from '@waggle/ffi';
import {
  isInterpretedWord,
  isOfInterpreter,
  isUserAddress,
  numberOfInterpreted,
  withoutMarks,
} from './frame-words.ts';
import { type JoinedWords, Segments } from './segments.ts';
import { byState, numbersOf, type StackCount, threadStateOf } from './stack-count.ts';

const ONLY_KEY = new Uint8Array(4);
const KEY = sampleKey.offset;
const VALUE = sampleValue.offset;
/** In the upper half of an address. */
const INTERRUPTED = 2 ** (stackBounds.FRAME_INTERRUPTED_BIT - 32);

export interface SampleCounts {
  readonly stored: number;
  readonly lost: number;
  /** Of those lost, the ones that were not taken because sampling had had half of the CPU. */
  readonly throttled: number;
  readonly idle: number;
  /** Left out because our PID namespace does not have the process. */
  readonly foreign: number;
  readonly userTruncated: number;
  /** Of those stored, by unwind_stop; all 0 unless the sampler walks by tables. */
  readonly stops: readonly number[];
  /** Of those that met an interpreter, by interpreted_outcome. */
  readonly interpreted: readonly number[];
}

/** What is asked of a map; in tests it is one in memory. */
export type SampleMap = Pick<BpfMap, 'get' | 'set' | 'drain' | 'cpus' | 'valueStride'>;
type SampleMapName = 'samples_a' | 'samples_b' | 'active_samples' | 'sample_counters';

export class SampleMaps {
  readonly #maps: readonly [SampleMap, SampleMap];
  readonly #active: SampleMap;
  readonly #counters: SampleMap;
  readonly #segments = new Segments();
  #activeIndex: 0 | 1 = 0;

  constructor(map: (name: SampleMapName) => SampleMap) {
    this.#maps = [map('samples_a'), map('samples_b')];
    this.#active = map('active_samples');
    this.#counters = map('sample_counters');
  }

  /** Counts of the round before the last, then switches over. Call at equal intervals. */
  *nextRound(): Generator<StackCount> {
    const inactive = this.#activeIndex === 0 ? 1 : 0;
    yield* this.#drain([this.#maps[inactive]]);
    this.#activeIndex = inactive;
    this.#active.set(ONLY_KEY, Uint8Array.of(inactive, 0, 0, 0));
  }

  /** Everything that is left; only after sampling was stopped. */
  *rest(): Generator<StackCount> {
    yield* this.#drain(this.#maps);
  }

  counts(): SampleCounts {
    const bytes = this.#counters.get(ONLY_KEY) ?? new Uint8Array();
    const view = new DataView(bytes.buffer);
    const sum = (offset: number) => {
      let total = 0;
      for (let cpu = 0; cpu < this.#counters.cpus; cpu++)
        total += Number(view.getBigUint64(cpu * this.#counters.valueStride + offset, true));
      return total;
    };
    const at = sampleCounters.offset;
    return {
      stored: sum(at.stored) + sum(at.deferred),
      lost: sum(at.lost_full) + sum(at.lost_busy) + sum(at.throttled),
      throttled: sum(at.throttled),
      idle: sum(at.idle),
      foreign: sum(at.foreign),
      userTruncated: sum(at.user_truncated),
      stops: Array.from({ length: unwindStop.STOP_REASONS }, (_, stop) => sum(at.stops + 8 * stop)),
      interpreted: Array.from({ length: interpretedOutcome.INTERPRETED_OUTCOMES }, (_, outcome) =>
        sum(at.interpreted + 8 * outcome),
      ),
    };
  }

  /** Stacks of several segments come last, when all of those are known. */
  *#drain(maps: readonly SampleMap[]): Generator<StackCount> {
    const deep: { readonly key: DataView; readonly value: DataView }[] = [];
    for (const map of maps)
      for (const batch of map.drain()) {
        const keys = viewOf(batch.keys);
        const values = viewOf(batch.values);
        for (let index = 0; index < batch.count; index++) {
          const [key, value] = [index * sampleKey.size, index * sampleValue.size];
          if (keys.getUint16(key + KEY.kind, true) === keyKind.KEY_SEGMENT)
            this.#segments.add(keys, key);
          else if (keys.getUint16(key + KEY.inner_count, true) > 0)
            deep.push({
              key: copyOf(batch.keys, key, sampleKey.size),
              value: copyOf(batch.values, value, sampleValue.size),
            });
          else yield* decodeStack(keys, key, values, value, wholeWords(keys, key));
        }
      }
    for (const { key, value } of deep)
      yield* decodeStack(key, 0, value, 0, this.#segments.join(key, 0));
    this.#segments.endDrain();
  }
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

/** Not slice(): of a Buffer it is a view, and a batch is overwritten by the next one. */
function copyOf(bytes: Uint8Array, at: number, length: number): DataView {
  return viewOf(Uint8Array.from(bytes.subarray(at, at + length)));
}

/** Of a stack that is all in its key. */
function wholeWords(keys: DataView, key: number): JoinedWords {
  const depth = keys.getUint16(key + KEY.user_depth, true);
  return {
    words: new DataView(keys.buffer, keys.byteOffset + key + KEY.user, 8 * depth),
    isWhole: true,
  };
}

/** Where frame pointers were followed, nobody knows whether a full stack has a caller more. */
function isTruncated(userDepth: number, userStop: number): boolean {
  if (userStop !== unwindStop.STOP_NOT_WALKED)
    return userStop === unwindStop.STOP_TOO_DEEP || userStop === unwindStop.STOP_NO_ROOM;
  return userDepth === sampleKey.bytes.user / 8;
}

interface UserWords {
  readonly user: number[];
  readonly interrupted: number[];
  readonly ofInterpreter: number[];
}

/** Words of our own walk, each in a mapping or marked. */
function fromWalk(words: DataView): UserWords {
  const user: number[] = [];
  const interrupted: number[] = [];
  const ofInterpreter: number[] = [];
  for (let at = 0; at < words.byteLength; at += 8) {
    const high = words.getUint32(at + 4, true);
    const low = words.getUint32(at, true);
    if (isInterpretedWord(high)) {
      user.push(numberOfInterpreted(high, low));
      continue;
    }
    if (high >= INTERRUPTED) interrupted.push(at / 8);
    if (isOfInterpreter(high)) ofInterpreter.push(at / 8);
    user.push(withoutMarks(high & ~INTERRUPTED) * 2 ** 32 + low);
  }
  return { user, interrupted, ofInterpreter };
}

/** Words of a walk by frame pointers: what is no address of user space is one that nothing is mapped at. */
function fromMemory(words: DataView): UserWords {
  const user: number[] = [];
  for (let at = 0; at < words.byteLength; at += 8) {
    const high = words.getUint32(at + 4, true);
    user.push(isUserAddress(high) ? high * 2 ** 32 + words.getUint32(at, true) : 0);
  }
  return { user, interrupted: [], ofInterpreter: [] };
}

function decodeStack(
  keys: DataView,
  key: number,
  values: DataView,
  value: number,
  { words, isWhole }: JoinedWords,
): StackCount[] {
  const userDepth = keys.getUint16(key + KEY.user_depth, true);
  const kernelDepth = keys.getUint16(key + KEY.kernel_depth, true);
  const userStop = keys.getUint16(key + KEY.user_stop, true);
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const isByFramePointers = keys.getUint16(key + KEY.kind, true) === keyKind.KEY_BY_FRAME_POINTERS;
  const { user, interrupted, ofInterpreter } = isByFramePointers
    ? fromMemory(words)
    : fromWalk(words);
  const stack: StackCount = {
    pid: keys.getUint32(key + KEY.tgid, true),
    startTime: keys.getBigUint64(key + KEY.start_boottime, true),
    execId: Number(keys.getBigUint64(key + KEY.exec_id, true)),
    comm: decodeComm(bytes, value + VALUE.comm),
    tid: keys.getUint32(key + KEY.tid, true),
    threadComm: decodeComm(bytes, value + VALUE.thread_comm),
    event: keys.getUint8(key + KEY.event),
    state: threadStateOf(keys.getUint8(key + KEY.state)),
    weight: Number(values.getBigUint64(value + VALUE.weight, true)),
    count: Number(values.getBigUint64(value + VALUE.count, true)),
    firstTime: values.getBigUint64(value + VALUE.first_ns, true),
    lastTime: values.getBigUint64(value + VALUE.last_ns, true),
    cpu: values.getUint32(value + VALUE.cpu, true),
    user,
    interrupted,
    ...(ofInterpreter.length > 0 && { ofInterpreter }),
    kernel: Array.from({ length: kernelDepth }, (_, frame) =>
      keys.getBigUint64(key + KEY.kernel + 8 * frame, true),
    ),
    truncated: !isWhole || isTruncated(userDepth, userStop),
    userStop,
    ...numbersOf(keys.getUint32(key + KEY.number, true)),
  };
  return byState(stack, Number(values.getBigUint64(value + VALUE.runnable, true)));
}
