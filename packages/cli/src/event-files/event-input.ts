/** A recording that is read: from a file or a pipe, known by its content or its name. Whatever it is, it comes as JSON lines. */

import { createReadStream, statSync } from 'node:fs';
import {
  isCompleteRecording,
  jsonLinesOfDatabase,
  jsonLinesOfTable,
  looksLikeDatabase,
  looksLikeEvents,
  looksLikeEventTable,
} from '@waggle/timeline';
import { say } from '../terminal/messages.ts';

const PEEKED_BYTES = 64 * 1024;
const READ_BYTES = 1 << 20;

type Lines = AsyncIterable<Uint8Array>;

/**
 * The recording as JSON lines; undefined where it is something else, and in words why a recording cannot be
 * read back. What cannot be read at all is said by who reads it.
 */
export async function recordingIn(path: string): Promise<Lines | string | undefined> {
  if (path === '-') return piped();
  let beginning: Uint8Array;
  try {
    // A pipe is read only once.
    if (!statSync(path).isFile())
      return path.endsWith('.jsonl') ? createReadStream(path) : undefined;
    beginning = await beginningOf(path);
  } catch {
    return undefined;
  }
  const bytes = (): Lines => createReadStream(path, { highWaterMark: READ_BYTES });
  if (looksLikeDatabase(beginning)) return databaseLines(path);
  if (looksLikeEventTable(beginning)) return jsonLinesOfTable(bytes());
  if (path.endsWith('.jsonl') || looksLikeEvents(beginning)) return bytes();
  return whyNotReadBack(path, beginning);
}

/** What is made of events, and has not all of them any more. */
function whyNotReadBack(path: string, beginning: Uint8Array): string | undefined {
  const isPage =
    path.endsWith('.html') && new TextDecoder().decode(beginning).includes('id="chart-scroller"');
  if (!isPage && !path.endsWith('.pftrace')) return undefined;
  const what = isPage ? 'a timeline page' : 'a trace for Perfetto';
  return `${path} is ${what}, which cannot be converted back: it is made to be looked at. Record with -o FILE.jsonl, .csv or .db too; each of these can be`;
}

async function* databaseLines(path: string): Lines {
  const { Database } = await import('bun:sqlite');
  const database = new Database(path, { readonly: true, safeIntegers: true });
  try {
    const isComplete = isCompleteRecording(database);
    if (isComplete === false)
      say(`${path}: the recording was not ended; what there is of it is read`);
    yield* jsonLinesOfDatabase(database);
  } finally {
    database.close();
  }
}

async function piped(): Promise<Lines | undefined> {
  const { stdin } = process;
  let first: Uint8Array = new Uint8Array();
  for await (const chunk of stdin.iterator({ destroyOnReturn: false })) {
    first = chunk;
    break;
  }
  // For whoever reads it now, whatever it is.
  if (first.length > 0) stdin.unshift(first);
  if (looksLikeEventTable(first)) return jsonLinesOfTable(stdin);
  return looksLikeEvents(first) ? stdin : undefined;
}

async function beginningOf(path: string): Promise<Uint8Array> {
  // Not before something is read: it takes Bun 3 ms to load, which each start would pay.
  const { open } = await import('node:fs/promises');
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(new Uint8Array(PEEKED_BYTES), 0, PEEKED_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
