/**
 * /proc/PID/maps: what a process has mapped, proc_pid_maps(5). One line a mapping; the path at its end
 * may hold anything but a newline, which the kernel writes as \012 (seq_path() of fs/seq_file.c). A process
 * may have a mapping for each line of 4 KiB, 65,530 of them as a rule: so the text is read by pieces, and a
 * path that comes again is not decoded again.
 */
import { Buffer } from 'node:buffer';
import { codeLines, lineOfFile } from './code-lines.ts';
import type { MapsEntry } from './procfs.ts';

/** At one place of a text, of which each character is a byte. */
const LINE = /([0-9a-f]+)-([0-9a-f]+) (....) ([0-9a-f]+) ([0-9a-f]+):([0-9a-f]+) (\d+) *(.*)/y;
const DELETED = ' (deleted)';
/** Of different paths, in characters: a process with more of them is nobody's program. */
const MAX_PATHS = 16 * 1024 * 1024;

/** Lines that are none are left out: the last one where the text was cut. */
export function parseMaps(bytes: Uint8Array): MapsEntry[] {
  const parser = new MapsParser();
  parser.add(bytes);
  return parser.end();
}

interface KnownPath {
  readonly path: string;
  readonly deleted: boolean;
}

/** Of all processes, by what their lines have, each character a byte: most map the same few libraries. */
const known = new Map<string, KnownPath>();
let knownCharacters = 0;
/** Then it begins anew. */
const MAX_KNOWN_CHARACTERS = 256 * 1024;

export class MapsParser {
  readonly #entries: MapsEntry[] = [];
  /** Those that came, by what lines have. */
  readonly #paths = new Map<string, KnownPath>();
  #pathCharacters = 0;
  /** The line that has not come to its end. */
  #rest = '';
  readonly #isOfCode: boolean;
  /** Of code: the last line with a file of what came before. */
  #fileLine = '';

  /** @param which as `mapsByParts` has it */
  constructor(which: 'all' | 'code' = 'all') {
    this.#isOfCode = which === 'code';
  }

  /** What follows. */
  add(piece: Uint8Array): void {
    const text = this.#rest + latin1(piece);
    const end = text.lastIndexOf('\n') + 1;
    this.#rest = text.slice(end);
    this.#addLines(end === text.length ? text : text.slice(0, end));
  }

  /** Of the lines that have come to their end. */
  get entries(): readonly MapsEntry[] {
    return this.#entries;
  }

  /** All of it has been added. */
  end(): MapsEntry[] {
    const last = this.#rest;
    this.#rest = '';
    this.#addLines(last);
    return this.#entries;
  }

  #addLines(text: string): void {
    if (this.#isOfCode) {
      this.#addCode(text);
      return;
    }
    for (let start = 0; start < text.length; ) {
      this.#addLine(text, start);
      const end = text.indexOf('\n', start);
      start = end < 0 ? text.length : end + 1;
    }
  }

  #addCode(text: string): void {
    for (const start of codeLines(text))
      if (start < 0) this.#addLine(this.#fileLine, 0);
      else this.#addLine(text, start);
    const file = lineOfFile(text, text.length);
    if (file >= 0) this.#fileLine = text.slice(file);
  }

  #addLine(text: string, start: number): void {
    LINE.lastIndex = start;
    const match = LINE.exec(text);
    if (match === null || this.#pathCharacters > MAX_PATHS) return;
    const address = Number.parseInt(match[1] ?? '', 16);
    // The file's line in front of one without a name was there already.
    if (this.#isOfCode && address <= (this.#entries.at(-1)?.start ?? -1)) return;
    const [, , end = '', permissions = '', offset = '', major = '', minor = ''] = match;
    const { path, deleted } = this.#path(match[8] ?? '');
    this.#entries.push({
      start: address,
      end: Number.parseInt(end, 16),
      permissions,
      fileOffset: Number.parseInt(offset, 16),
      device: `${Number.parseInt(major, 16)}:${Number.parseInt(minor, 16)}`,
      inode: BigInt(match[7] ?? 0),
      path,
      deleted,
    });
  }

  #path(text: string): KnownPath {
    const before = this.#paths.get(text);
    if (before !== undefined) return before;
    const found = known.get(text) ?? decodedPath(text);
    if (text.startsWith('/')) this.#pathCharacters += text.length;
    this.#paths.set(text, found);
    return found;
  }
}

function decodedPath(text: string): KnownPath {
  // Copies: a part of a text would keep all of it.
  const bytes = Buffer.from(text, 'latin1');
  const name = bytes.toString('utf8');
  const deleted = name.startsWith('/') && name.endsWith(DELETED);
  const path = (deleted ? name.slice(0, -DELETED.length) : name).replaceAll('\\012', '\n');
  const made = { path, deleted };
  knownCharacters += text.length;
  if (knownCharacters > MAX_KNOWN_CHARACTERS) {
    known.clear();
    knownCharacters = text.length;
  }
  known.set(latin1(bytes), made);
  return made;
}

function latin1({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('latin1');
}
