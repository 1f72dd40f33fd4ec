/**
 * Descriptors in another thread than the one that opened them. They are the process's, and Bun takes
 * them as such; Deno's node:fs knows only those that its own thread has opened, and says EBADF of all
 * others. There the thread opens the same file once more, by the process's descriptor: not by a name,
 * which may lead to another file by now.
 */

import { closeSync, openSync, statSync } from 'node:fs';
import { DESCRIPTORS_ARE_SHARED, OPEN_FLAGS } from '../mappings/open-flags.ts';
import type { SymbolizationRequest } from './protocol.ts';

interface OwnDescriptor {
  readonly fd: number;
  /** Device and inode. */
  readonly file: string;
}

export class ThreadDescriptors {
  /**
   * By the other thread's. They stay open until that one's number is another file's: what is read of an
   * object is read when it is asked for.
   */
  readonly #own = new Map<number, OwnDescriptor>();

  readonly #areShared: boolean;

  constructor(areShared = DESCRIPTORS_ARE_SHARED) {
    this.#areShared = areShared;
  }

  /** The request with a descriptor that this thread can read. @throws NodeJS.ErrnoException */
  translate<Q extends SymbolizationRequest>(request: Q): Q {
    if (this.#areShared) return request;
    if ('fd' in request) return { ...request, fd: this.#ownOf(request.fd) };
    if (!('object' in request) || request.object.fd === undefined) return request;
    // Read by its place in /proc.
    if (request.object.remote !== undefined) return request;
    return { ...request, object: { ...request.object, fd: this.#ownOf(request.object.fd) } };
  }

  #ownOf(fd: number): number {
    const path = `/proc/self/fd/${fd}`;
    const { dev, ino } = statSync(path);
    const file = `${dev}:${ino}`;
    const known = this.#own.get(fd);
    if (known?.file === file) return known.fd;
    if (known !== undefined) closeSync(known.fd);
    this.#own.delete(fd);
    const own = openSync(path, OPEN_FLAGS);
    this.#own.set(fd, { fd: own, file });
    return own;
  }
}
