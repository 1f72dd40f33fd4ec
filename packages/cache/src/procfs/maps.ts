/**
 * /proc/PID/maps: what a process has mapped, proc_pid_maps(5). One line a mapping; the path at its end
 * may hold anything but a newline, which the kernel writes as \012 (seq_path() of fs/seq_file.c). A process
 * may have a mapping for each line of 4 KiB, 65,530 of them as a rule: so the text is read by pieces, and a
 * path that comes again is not decoded again.
 */
import { Buffer } from 'node:buffer';
import type { MapsEntry } from './procfs.ts';

const LINE = /^([0-9a-f]+)-([0-9a-f]+) (....) ([0-9a-f]+) ([0-9a-f]+):([0-9a-f]+) (\d+) *$/;
const DELETED = ' (deleted)';
const decoder = new TextDecoder();
const NEWLINE = 0x0a;
const SPACE = 0x20;
/** In front of the path: addresses, permissions, offset, device, inode. */
const FIELDS = 5;
/** Of different paths, in characters: a process with more of them is nobody's program. */
const MAX_PATHS = 16 * 1024 * 1024;

/** Lines that are none are left out: the last one where the text was cut. */
export function parseMaps(bytes: Uint8Array): MapsEntry[] {
  const parser = new MapsParser();
  parser.add(bytes);
  return parser.end();
}

interface KnownPath {
  readonly bytes: Uint8Array;
  readonly path: string;
  readonly deleted: boolean;
}

export class MapsParser {
  readonly #entries: MapsEntry[] = [];
  /** By device and inode, as the line has them, the last one. */
  readonly #paths = new Map<string, KnownPath>();
  #pathCharacters = 0;
  /** The line that has not come to its end. */
  #rest: Uint8Array = new Uint8Array(0);

  /** What follows; copied where it is kept. */
  add(piece: Uint8Array): void {
    let from = 0;
    for (;;) {
      const end = piece.indexOf(NEWLINE, from);
      if (end < 0) break;
      this.#addLine(this.#withRest(piece.subarray(from, end)));
      from = end + 1;
    }
    this.#rest = this.#withRest(piece.subarray(from)).slice();
  }

  /** Of the lines that have come to their end. */
  get entries(): readonly MapsEntry[] {
    return this.#entries;
  }

  /** All of it has been added. */
  end(): MapsEntry[] {
    this.#addLine(this.#rest);
    this.#rest = new Uint8Array(0);
    return this.#entries;
  }

  #withRest(line: Uint8Array): Uint8Array {
    const rest = this.#rest;
    if (rest.length === 0) return line;
    this.#rest = new Uint8Array(0);
    const whole = new Uint8Array(rest.length + line.length);
    whole.set(rest);
    whole.set(line, rest.length);
    return whole;
  }

  #addLine(line: Uint8Array): void {
    let at = 0;
    for (let field = 0; field < FIELDS && at >= 0; field++) {
      const space = line.indexOf(SPACE, at);
      at = space < 0 ? (field === FIELDS - 1 ? line.length : -1) : space + 1;
    }
    if (at < 0) return;
    while (line[at] === SPACE) at++;
    const match = LINE.exec(decoder.decode(line.subarray(0, at)));
    if (match === null || this.#pathCharacters > MAX_PATHS) return;
    const [, start = '', end = '', permissions = '', offset = '', major = '', minor = ''] = match;
    const inode = match[7] ?? '0';
    const { path, deleted } = this.#path(`${major}:${minor} ${inode}`, line.subarray(at));
    this.#entries.push({
      start: Number.parseInt(start, 16),
      end: Number.parseInt(end, 16),
      permissions,
      fileOffset: Number.parseInt(offset, 16),
      device: `${Number.parseInt(major, 16)}:${Number.parseInt(minor, 16)}`,
      inode: BigInt(inode),
      path,
      deleted,
    });
  }

  #path(file: string, bytes: Uint8Array): Pick<KnownPath, 'path' | 'deleted'> {
    const known = this.#paths.get(file);
    if (known !== undefined && Buffer.compare(known.bytes, bytes) === 0) return known;
    const name = decoder.decode(bytes);
    if (name.startsWith('/')) this.#pathCharacters += name.length;
    const deleted = name.startsWith('/') && name.endsWith(DELETED);
    const path = (deleted ? name.slice(0, -DELETED.length) : name).replaceAll('\\012', '\n');
    const made = { bytes: bytes.slice(), path, deleted };
    this.#paths.set(file, made);
    return made;
  }
}
