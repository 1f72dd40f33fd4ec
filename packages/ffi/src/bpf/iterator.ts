/** What a program of a section `iter/...` writes by bpf_seq_write(), once through all it iterates over. */

import { closeSync, readSync } from 'node:fs';
import type { Native } from '../native/native.ts';
import type { BpfLink } from './bpf-program.ts';

const CHUNK_BYTES = 64 * 1024;

/**
 * Runs the program of the link from the beginning to the end.
 * @throws SystemError where the link is none of an iterator. @throws ClosedError
 */
export function runIterator(native: Native, link: BpfLink): Uint8Array {
  const fd = native.check('run the iterator', () => native.libbpf.bpf_iter_create(link.fd));
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for (;;) {
      const chunk = new Uint8Array(CHUNK_BYTES);
      const got = readSync(fd, chunk);
      if (got === 0) break;
      chunks.push(chunk.subarray(0, got));
      length += got;
    }
  } finally {
    closeSync(fd);
  }
  const all = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}
