/**
 * How the kernel knows a file, by what the sampler meets it as: it is asked while a page of the file's code is mapped
 * here.
 */

import type { Native } from '@waggle/ffi';
import type { ObjectIdentification } from '../profiler-kernel.ts';

const ONLY_KEY = new Uint8Array(4);

export class FileKeys {
  readonly #native: Native;
  readonly #identification: ObjectIdentification;

  constructor(native: Native, identification: ObjectIdentification) {
    this.#native = native;
    this.#identification = identification;
  }

  /**
   * As long as the file is held open: an inode that nobody uses may be another file's later.
   * @param codeOffset of code of its own, in the file
   * @returns undefined where no code of it may be mapped, as on a mount without exec
   */
  of(fd: number, codeOffset: number): Uint8Array | undefined {
    const { pageSize } = this.#native;
    const { program, identified } = this.#identification;
    const address = this.#native.mapCode(fd, pageSize, codeOffset - (codeOffset % pageSize));
    if (address === undefined) return undefined;
    try {
      const found = program.run([BigInt(address)]) === 1;
      return found ? identified.get(ONLY_KEY) : undefined;
    } finally {
      this.#native.unmap(address, pageSize, []);
    }
  }
}
