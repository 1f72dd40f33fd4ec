/**
 * What a process ran: as the cache or a record has it, and as bytes for the exit of a process that is no object.
 */

import type { ProcessEntry, ProcessIdentity, ProcessMetadataCache } from '@waggle/cache';
import type { EventBatch } from '@waggle/events';
import { bytesOf } from '@waggle/text';

export interface Program {
  readonly filename: string | undefined;
  readonly argv: readonly string[] | undefined;
  readonly argvTruncated: boolean | undefined;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
}

export const NO_PROGRAM: Program = {
  filename: undefined,
  argv: undefined,
  argvTruncated: undefined,
  uid: undefined,
  gid: undefined,
};

/**
 * What an event says ran. A process that was there before us and was only read from /proc has a
 * generation that nobody knows; it has not changed since, or there would be a record.
 */
export function entryOf(
  cache: ProcessMetadataCache,
  identity: ProcessIdentity,
): ProcessEntry | undefined {
  const exact = cache.getByIdentity(identity);
  if (exact !== undefined) return exact;
  const { pid, startBoottimeNs } = identity;
  const latest = cache.getByIdentity({ pid, startBoottimeNs });
  return latest?.execId === undefined ? latest : undefined;
}

export class ProgramBytes {
  /** Turned into bytes last: children of one parent ran the same. */
  #filename: string | undefined;
  #argv: readonly string[] | undefined;
  #filenameBytes: Uint8Array = new Uint8Array();
  #argvBytes: Uint8Array = new Uint8Array();

  /** Completes an exit that is no object. */
  put({ filename, argv, argvTruncated = false }: Program, batch: EventBatch, at: number): void {
    if (filename !== this.#filename) {
      this.#filename = filename;
      this.#filenameBytes = bytesOf(filename ?? '');
    }
    if (argv !== this.#argv) {
      this.#argv = argv;
      this.#argvBytes = bytesOf((argv ?? []).map((argument) => `${argument}\0`).join(''));
    }
    const filenameAt = batch.append(this.#filenameBytes, 0, this.#filenameBytes.length);
    const argvAt = batch.append(this.#argvBytes, 0, this.#argvBytes.length);
    batch.setProgram(at, {
      filenameAt,
      filenameEnd: filename === undefined ? -1 : filenameAt + this.#filenameBytes.length,
      argvAt,
      argvEnd: argv === undefined ? -1 : argvAt + this.#argvBytes.length,
      argvTruncated,
    });
  }
}
