/**
 * Files that may not answer (mappings/file-systems.ts), as what ELF files are read from: by a process of its
 * own, with a patience. Where one has not answered, the others of its file system are not asked any more, so
 * that a dead server costs the names and tables of its own programs, and nobody else's time.
 */

import { readlinkSync } from 'node:fs';
import { type GuardedFile, GuardedReader } from '@waggle/ffi';
import {
  type DescriptorLedger,
  ElfError,
  type FileSource,
  isSystemError,
  type ReadBudget,
} from '@waggle/symbols';
import type { ObjectFile } from '../mappings/object-file.ts';

const PATIENCE_MS = 3000;

export class RemoteFiles implements Disposable {
  readonly #reader: GuardedReader;
  /** Devices. */
  readonly #silent = new Set<string>();

  /** @param descriptors where the thread writes down what it opens */
  constructor(descriptors?: DescriptorLedger) {
    this.#reader = new GuardedReader(PATIENCE_MS, descriptors);
  }

  /** Whether its file system did not answer. */
  isSilent({ remote }: ObjectFile): boolean {
    return remote !== undefined && this.#silent.has(remote);
  }

  /** @throws ElfError when it is not what was mapped any more, or the system's error */
  open(object: ObjectFile, budget: ReadBudget): FileSource {
    if (this.isSilent(object)) throw new ElfError('truncated', 'its file system does not answer');
    const file = this.#asked(object, () => this.#reader.open(ownDescriptor(object)));
    const { size, mtimeNs } = file.status;
    const { content } = object;
    if (content !== undefined && (content.size !== size || content.modified !== mtimeNs)) {
      this.#asked(object, () => file[Symbol.dispose]());
      throw new ElfError('truncated', 'it has changed since it was mapped');
    }
    return new RemoteSource(file, budget, (ask) => this.#asked(object, ask));
  }

  [Symbol.dispose](): void {
    this.#reader[Symbol.dispose]();
  }

  #asked<Result>({ remote = '' }: ObjectFile, ask: () => Result): Result {
    try {
      return ask();
    } catch (error) {
      if (isSystemError(error) && error.code === 'ETIMEDOUT') this.#silent.add(remote);
      throw error;
    }
  }
}

class RemoteSource implements FileSource {
  readonly size: number;
  readonly owner: number;
  readonly identity: string;
  #isClosed = false;

  readonly #file: GuardedFile;
  readonly #asked: <Result>(ask: () => Result) => Result;

  constructor(
    file: GuardedFile,
    readonly budget: ReadBudget,
    asked: <Result>(ask: () => Result) => Result,
  ) {
    this.#file = file;
    this.#asked = asked;
    const { dev, ino, size, uid, mtimeNs, ctimeNs } = file.status;
    this.size = Number(size);
    this.owner = Number(uid);
    this.identity = [dev, ino, size, mtimeNs, ctimeNs].join('-');
  }

  read(offset: number, length: number): Uint8Array {
    if (!(offset >= 0 && length >= 0 && offset + length <= this.size))
      throw new ElfError('truncated', `bytes ${offset}..${offset + length} are not in the file`);
    this.budget.read(length);
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length; ) {
      const got = this.#asked(() => this.#file.read(bytes.subarray(done), offset + done));
      if (got === 0) throw new ElfError('truncated', `the file ends at byte ${offset + done}`);
      done += got;
    }
    return bytes;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      this.#asked(() => this.#file[Symbol.dispose]());
    } catch (error) {
      if (!isSystemError(error)) throw error;
    }
  }
}

/** As another process finds it: /proc may be that of another namespace of pids. */
function ownDescriptor({ fd }: ObjectFile): string {
  return `/proc/${readlinkSync('/proc/self')}/fd/${fd}`;
}
