/**
 * One run of an iterator program (section `iter/...` or `iter.s/...`) that writes nothing, but does something
 * with each thing that it iterates over. The program may return 1 where it wants to see one again.
 */

import { SystemError } from '../errors/system-error.ts';
import { Handle } from '../handle.ts';
import type { Native } from '../native/native.ts';
import type { BpfLink } from './bpf-program.ts';

const EAGAIN = 11;

export class IteratorRun extends Handle {
  readonly #native: Native;
  readonly #descriptor: number;

  /** @throws SystemError where the link is none of an iterator. @throws ClosedError */
  constructor(native: Native, link: BpfLink) {
    super('run of an iterator');
    this.#native = native;
    this.#descriptor = native.check('run the iterator', () =>
      native.libbpf.bpf_iter_create(link.fd),
    );
  }

  /**
   * Goes on until all was seen, or until the program wants to see one again: then it is the first of the
   * next step.
   * @returns whether all was seen @throws SystemError
   */
  step(): boolean {
    this.guard();
    try {
      this.#native.checkErrno(
        'run the iterator',
        this.#native.libc.read(this.#descriptor, new Uint8Array(4096), 4096n),
      );
      return true;
    } catch (error) {
      if (error instanceof SystemError && error.errno === EAGAIN) return false;
      throw error;
    }
  }

  protected release(): void {
    this.#native.libc.close(this.#descriptor);
  }
}
