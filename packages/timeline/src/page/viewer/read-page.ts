/** Reads the bytes that ../page-bytes.ts wrote, in parts: as they are handed over, or as a page's text has them. */

import type { PageWindow } from '@waggle/text/page';
import type { Pause } from '@waggle/text/page/slices';
import { aligned, LENGTH_BYTES, NUMBERS, type PageHead } from '../page-bytes.ts';
import { COLUMNS, type Column, type PageAbout, type PageData, TABLES } from '../page-data.ts';

/** Of base64, decoded at once: a multiple of four. */
const TEXT_AT_ONCE = 64 * 1024;

/** What stands in a page: gzip in base64. @throws DOMException, TypeError when the page was damaged */
export async function bytesOfText(
  window: PageWindow,
  base64: string,
  pause: Pause,
): Promise<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  for (let from = 0; from < base64.length; from += TEXT_AT_ONCE) {
    const binary = window.atob(base64.slice(from, from + TEXT_AT_ONCE));
    const part = new Uint8Array(binary.length);
    for (let at = 0; at < binary.length; at++) part[at] = binary.charCodeAt(at);
    parts.push(part);
    await pause();
  }
  const plain = new window.Blob(parts).stream().pipeThrough(new window.DecompressionStream('gzip'));
  return new window.Response(plain).arrayBuffer();
}

/** @throws SyntaxError, RangeError when they are none of ours */
export async function readPage(
  bytes: ArrayBuffer,
  pause: Pause,
): Promise<{ readonly data: PageData; readonly about: PageAbout | undefined }> {
  const decoder = new TextDecoder();
  const textAt = (at: number, length: number): string =>
    decoder.decode(new Uint8Array(bytes, at, length));
  const length = new DataView(bytes).getUint32(0, true);
  const head = JSON.parse(textAt(LENGTH_BYTES, length)) as PageHead;
  let at = LENGTH_BYTES + length;
  let next = 0;
  const columns = Object.entries(COLUMNS).map(([table, names]) => {
    const found = names.map((name) => {
      const [kind, count] = head.columns[next++] as PageHead['columns'][number];
      const column: Column = new NUMBERS[kind](bytes, aligned(at), count);
      at = aligned(at) + count * NUMBERS[kind].BYTES_PER_ELEMENT;
      return [name, column];
    });
    return [table, Object.fromEntries(found)];
  });
  const tables: [string, unknown[]][] = [];
  for (const [index, name] of TABLES.entries()) {
    const rows: unknown[] = [];
    for (const size of head.tables[index] ?? []) {
      at = aligned(at);
      for (const row of JSON.parse(textAt(at, size)) as unknown[]) rows.push(row);
      at += size;
      await pause();
    }
    tables.push([name, rows]);
  }
  const { beganAt, duration, about } = head;
  const data = { beganAt, duration, ...Object.fromEntries([...columns, ...tables]) };
  return { data: data as unknown as PageData, about };
}
