/**
 * Which address spaces have code that a jitdump may say how to walk through. The sampler is told, and
 * hands stacks that meet such code to userspace: nobody else's anonymous memory is looked at.
 */

import type { BpfMap } from '@waggle/ffi';
import { type AddressSpaceKey, addressSpaceBytes } from '../mappings/address-space-key.ts';
import type { SamplerMaps } from '../profiler-kernel.ts';

export class DescribedCode {
  readonly #spaces: BpfMap;

  constructor(map: SamplerMaps) {
    this.#spaces = map('described_code');
  }

  /** @param may whether it may have any */
  set(space: AddressSpaceKey, may: boolean): void {
    const bytes = addressSpaceBytes(space);
    if (may) this.#spaces.set(bytes, Uint8Array.of(1));
    else this.#spaces.delete(bytes);
  }
}
