/**
 * Lines of positions in the files of scripts, of interpreters that keep no lines until somebody asks. The file is read
 * as the process sees it, or, of one that is gone, as we do, and only believed where it is as long as the source that
 * ran. Bounded, since a process may name a new source for each of its samples: a few files, of a size that people
 * write, and a share of the time of the thread that takes events.
 */

import { closeSync, existsSync, fstatSync, readSync } from 'node:fs';
import { isSystemError, openUnderRoot } from '@waggle/symbols';

const MAX_BYTES = 4 * 1024 * 1024;
const MAX_FILES = 64;
/** Of all that are held; each has four bytes. */
const MAX_LINES = 4 * 1024 * 1024;
/** Of the time since the beginning, and how much more at once. What comes beyond has no lines. */
const SHARE = 0.1;
const BURST_MS = 300;

/** Where the lines of a source end, and how many characters (of UTF-16) it has. */
interface Source {
  readonly characters: number;
  readonly ends: Uint32Array;
}

export interface ScriptPosition {
  readonly pid: number;
  /** A path, or a URL of one; else it is not looked for. */
  readonly file: string;
  readonly position: number;
  /** Of all of the source. */
  readonly characters: number;
}

export class ScriptLines {
  readonly #sources = new Map<string, Source | undefined>();
  readonly #now: () => number;
  readonly #begunAt: number;
  #spentMs = 0;
  #lines = 0;

  /** @param now milliseconds */
  constructor(now = () => performance.now()) {
    this.#now = now;
    this.#begunAt = now();
  }

  /** From 1 on; undefined where the file is not the one that ran, or cannot be read. */
  of({ pid, file, position, characters }: ScriptPosition): number | undefined {
    const path = pathOf(file);
    if (path === undefined || characters === 0) return undefined;
    // What a container's process names is no file of the host.
    const root = existsSync(`/proc/${pid}`) ? `/proc/${pid}/root` : '/';
    const source = this.#source(root, path, characters);
    return source?.characters === characters ? lineAt(source.ends, position) : undefined;
  }

  #source(root: string, path: string, characters: number): Source | undefined {
    const key = `${root}\0${path}\0${characters}`;
    if (this.#sources.has(key)) return this.#sources.get(key);
    const startedAt = this.#now();
    if (this.#spentMs > SHARE * (startedAt - this.#begunAt) + BURST_MS) return undefined;
    const source = read(root, path);
    this.#spentMs += this.#now() - startedAt;
    this.#sources.set(key, source);
    this.#lines += source?.ends.length ?? 0;
    for (const [oldest, held] of this.#sources) {
      if (this.#sources.size <= MAX_FILES && this.#lines <= MAX_LINES) break;
      if (oldest === key) break;
      this.#sources.delete(oldest);
      this.#lines -= held?.ends.length ?? 0;
    }
    return source;
  }
}

function pathOf(file: string): string | undefined {
  if (file.startsWith('/')) return file;
  if (!file.startsWith('file:///')) return undefined;
  try {
    return decodeURIComponent(new URL(file).pathname);
  } catch {
    return undefined;
  }
}

function read(root: string, path: string): Source | undefined {
  let fd: number | undefined;
  try {
    fd = openUnderRoot(root, path);
    if (fd === undefined) return undefined;
    const { size } = fstatSync(fd);
    if (size > MAX_BYTES) return undefined;
    const bytes = new Uint8Array(size);
    let length = 0;
    for (let got = -1; length < size && got !== 0; length += got)
      got = readSync(fd, bytes, length, size - length, null);
    return sourceOf(new TextDecoder().decode(bytes.subarray(0, length)));
  } catch (error) {
    if (isSystemError(error)) return undefined;
    throw error;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** @param text without the mark of its encoding, as interpreters read it */
export function sourceOf(text: string): Source {
  const ends: number[] = [];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) ends.push(at);
  return { characters: text.length, ends: Uint32Array.from(ends) };
}

/** From 1 on. */
export function lineAt(ends: Uint32Array, position: number): number {
  let low = 0;
  let high = ends.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ends[middle] as number) < position) low = middle + 1;
    else high = middle;
  }
  return low + 1;
}
