/**
 * What the programs that count stacks are told while they run: whether they are to count, which stacks, and
 * until when.
 */

import { stackFlags, stackSettings } from '@waggle/bpf';
import type { SampleMap } from './sample-maps.ts';

const ONLY_KEY = new Uint8Array(4);
const AT = stackSettings.offset;

/** What tells stacks apart besides process and event. */
export interface CountedApart {
  readonly thread: boolean;
  readonly cpu: boolean;
  readonly time: boolean;
}

/** Which stacks are counted, of the processes that the session is about. */
export interface WantedStacks {
  readonly excludeSelf?: boolean | undefined;
  readonly uid?: number | undefined;
  readonly cpus?: readonly number[] | undefined;
  /** By thread id, the process. */
  readonly onlyThreads?: ReadonlyMap<number, number> | undefined;
  /** Images are decided on; the kernel has those that are not wanted. */
  readonly where?: unknown;
}

export class CountSettings {
  #untilNs = 0n;

  readonly #map: Pick<SampleMap, 'set'>;
  readonly #flags: number;
  readonly #only: WantedStacks;

  /** @param map stack_settings of the BPF side. */
  constructor(map: Pick<SampleMap, 'set'>, by: CountedApart, only: WantedStacks) {
    this.#map = map;
    this.#only = only;
    this.#flags =
      (by.thread ? stackFlags.STACKS_BY_THREAD : 0) |
      (by.cpu ? stackFlags.STACKS_BY_CPU : 0) |
      (by.time ? stackFlags.STACKS_BY_TIME : 0) |
      (only.excludeSelf ? stackFlags.STACKS_WITHOUT_SELF : 0) |
      (only.uid === undefined ? 0 : stackFlags.STACKS_OF_USER) |
      (only.cpus === undefined ? 0 : stackFlags.STACKS_OF_CPUS) |
      (only.onlyThreads === undefined ? 0 : stackFlags.STACKS_OF_THREADS) |
      (only.where === undefined ? 0 : stackFlags.STACKS_WITHOUT_IMAGES);
  }

  begin(): void {
    this.#write(true);
  }

  /** @param untilNs CLOCK_MONOTONIC, after which nothing is counted: the earliest holds */
  endAt(untilNs: bigint): void {
    if (this.#untilNs > 0n && this.#untilNs < untilNs) return;
    this.#untilNs = untilNs;
    this.#write(true);
  }

  end(): void {
    this.#write(false);
  }

  #write(isWanted: boolean): void {
    const { uid = 0, cpus = [] } = this.#only;
    const value = new Uint8Array(stackSettings.size);
    const view = new DataView(value.buffer);
    view.setUint32(AT.flags, this.#flags | (isWanted ? stackFlags.STACKS_WANTED : 0), true);
    view.setUint32(AT.uid, uid, true);
    view.setBigUint64(AT.until_ns, this.#untilNs, true);
    for (const cpu of cpus) {
      const at = AT.cpus + 8 * Math.floor(cpu / 64);
      view.setBigUint64(at, view.getBigUint64(at, true) | (1n << BigInt(cpu % 64)), true);
    }
    this.#map.set(ONLY_KEY, value);
  }
}
