/**
 * In what order a reader's thread answers: unwind tables before names, since stacks wait for those and
 * take up memory meanwhile, and of tables those of small files first. A browser or a compiler takes a
 * second or more, and every other program would wait behind it.
 */

import { fstatSync } from 'node:fs';
import type { ClientMessage, SymbolizationRequest } from './protocol.ts';

export type Ask = Extract<ClientMessage, { readonly type: 'ask' }>;

interface Queued {
  readonly ask: Ask;
  /** Undefined for what is no table. */
  readonly bytes: number | undefined;
}

export class RequestQueue {
  readonly #queued: Queued[] = [];

  add(ask: Ask): void {
    this.#queued.push({ ask, bytes: bytesOf(ask.request) });
  }

  get size(): number {
    return this.#queued.length;
  }

  /** The one to answer next; undefined when there is none. */
  take(): Ask | undefined {
    let best = 0;
    for (const [index, { bytes }] of this.#queued.entries())
      if (bytes !== undefined && bytes < (this.#queued[best]?.bytes ?? Number.POSITIVE_INFINITY))
        best = index;
    return this.#queued.splice(best, 1)[0]?.ask;
  }
}

function bytesOf(request: SymbolizationRequest): number | undefined {
  if (request.kind !== 'unwind-table') return undefined;
  const { fd, remote, content } = request.object;
  if (remote !== undefined) return Number(content?.size ?? 0);
  try {
    // The vDSO has no file, and is small.
    return fd === undefined ? 0 : fstatSync(fd).size;
  } catch {
    // It cannot be read: the answer is as short.
    return 0;
  }
}
