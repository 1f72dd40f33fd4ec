/**
 * Whose samples are kept, decided once for each program image. The sampler is told of those that are not, and
 * takes no more of them; what it had taken by then is left out here.
 */

import { stackImage } from '@waggle/bpf';
import type { BpfMap } from '@waggle/ffi';
import { LRUCache } from 'lru-cache';
import type { StackCount } from '../sampling/stack-count.ts';
import { processOf, type SampledProcess } from './stack-resolver.ts';

/** Processes whose last image is remembered. Of more, who comes again is asked about again. */
const MAX_KNOWN = 16_384;

/** An image may be sampled a moment before anybody has heard of it: so often it is asked about. */
const MAX_ASKED = 32;

/** undefined: not known yet, to be asked again; what is sampled until then is left out. */
export type Where = (owner: SampledProcess) => boolean | undefined;

interface Decision {
  readonly startTime: bigint;
  readonly execId: number;
  isWanted: boolean | undefined;
  asked: number;
}

export class WantedImages {
  readonly #where: Where;
  readonly #unwanted: Pick<BpfMap, 'set'>;
  /** Its size grows as it fills: as `max` it would take its room at once. */
  readonly #known = new LRUCache<number, Decision>({
    maxSize: MAX_KNOWN,
    sizeCalculation: () => 1,
  });
  #leftOut = 0;

  constructor(where: Where, unwanted: Pick<BpfMap, 'set'>) {
    this.#where = where;
    this.#unwanted = unwanted;
  }

  /** Samples that were left out here. */
  get leftOut(): number {
    return this.#leftOut;
  }

  /** Whether a stack is kept; it is counted where not. */
  keeps(stack: StackCount): boolean {
    // Others are about it, whoever's it is.
    if (stack.number !== undefined) return true;
    const decision = this.#decisionOn(stack);
    if (decision.isWanted === undefined) this.#ask(decision, stack);
    if (decision.isWanted !== true) this.#leftOut += stack.count;
    return decision.isWanted === true;
  }

  #decisionOn(stack: StackCount): Decision {
    const { pid, startTime, execId } = stack;
    const known = this.#known.get(pid);
    if (known !== undefined && known.startTime === startTime && known.execId === execId)
      return known;
    const decision: Decision = { startTime, execId, isWanted: undefined, asked: 0 };
    this.#known.set(pid, decision);
    return decision;
  }

  #ask(decision: Decision, stack: StackCount): void {
    decision.isWanted = this.#where(processOf(stack));
    if (++decision.asked >= MAX_ASKED) decision.isWanted ??= false;
    if (decision.isWanted === false) this.#unwanted.set(imageKey(stack), Uint8Array.of(1));
  }
}

function imageKey({ pid, startTime, execId }: StackCount): Uint8Array {
  const { offset, size } = stackImage;
  const key = new DataView(new ArrayBuffer(size));
  key.setUint32(offset.tgid, pid, true);
  key.setBigUint64(offset.start_boottime, startTime, true);
  key.setBigUint64(offset.exec_id, BigInt(execId), true);
  return new Uint8Array(key.buffer);
}
