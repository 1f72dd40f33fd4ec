// Which address spaces have code that a jitdump may say how to walk through. The sampler is told, and
// hands stacks that meet such code to userspace: nobody else's anonymous memory is looked at.

import { addressSpace } from '@waggle/bpf';
import type { BpfMap } from '@waggle/ffi';
import type { AddressSpaceKey } from '../mappings/jit-maps.ts';
import type { SamplerMaps } from '../profiler-kernel.ts';

export class DescribedCode {
  readonly #spaces: BpfMap;

  constructor(map: SamplerMaps) {
    this.#spaces = map('described_code');
  }

  /** @param may whether it may have any */
  set({ startCode, startStack }: AddressSpaceKey, may: boolean): void {
    const key = new DataView(new ArrayBuffer(addressSpace.size));
    key.setBigUint64(addressSpace.offset.start_code, BigInt(startCode), true);
    key.setBigUint64(addressSpace.offset.start_stack, BigInt(startStack), true);
    const bytes = new Uint8Array(key.buffer);
    if (may) this.#spaces.set(bytes, Uint8Array.of(1));
    else this.#spaces.delete(bytes);
  }
}
