// What interpreted code is called: the kernel hands it over when a process image runs it first, and the walk has its
// number from then on. So a process that is gone keeps its names. They are held until no sample of the image can be
// left, as its mappings are.

import { Buffer } from 'node:buffer';
import { codeName } from '@waggle/bpf';
import type { RingBuffer } from '@waggle/ffi';
import { LINE_TABLES } from './index.ts';
import type { InterpreterDescription } from './interpreter.ts';
import { ScriptLines } from './script-lines.ts';

/** A function of a script, or what stands for one: `<module>`. */
export interface InterpretedCode {
  readonly name: string;
  readonly file: string;
  /** From 1 on; 0 where it is not known. */
  readonly firstLine: number;
  /** What stands for the interpreter: `[python]`. */
  readonly object: string;
  /** Of an instruction; undefined where lines were not asked for, or it has none. */
  readonly lineOf: (instruction: number) => number | undefined;
}

/** Where the kernel puts names. */
export type NameRing = Pick<RingBuffer, 'drain' | 'close'>;

const AT = codeName.offset;
/** Of all images. A process that makes code without end loses the names of its oldest. */
const MAX_NUMBERS = 2 ** 18;
/** Equal ones are one as long as there are so few. */
const MAX_SHARED = 2 ** 15;
const CHUNK = 256;

interface Image {
  readonly startTime: bigint;
  readonly execId: bigint;
  readonly numbers: number[];
}

export class CodeNames {
  readonly #byNumber = new Map<number, InterpretedCode>();
  readonly #images = new Map<number, Image[]>();
  readonly #shared = new Map<string, InterpretedCode>();

  readonly #lines = new ScriptLines();

  readonly #ring: NameRing;
  readonly #interpreter: (number: number) => InterpreterDescription | undefined;

  /** @param interpreter by the number that the kernel has of it */
  constructor(ring: NameRing, interpreter: (number: number) => InterpreterDescription | undefined) {
    this.#ring = ring;
    this.#interpreter = interpreter;
  }

  /** How many are held. */
  get size(): number {
    return this.#byNumber.size;
  }

  /** Takes in what was handed over. */
  read(): void {
    let records: number;
    do {
      records = this.#ring.drain(
        ({ view, bytes }, offset) => this.#note(view, bytes, offset),
        CHUNK,
      );
    } while (records === CHUNK);
  }

  /** Undefined for a number that nothing was handed over for: 0 is one. */
  of(number: number): InterpretedCode | undefined {
    const known = this.#byNumber.get(number);
    if (known !== undefined || number === 0) return known;
    // It was handed over before any stack that has it was counted.
    this.read();
    return this.#byNumber.get(number);
  }

  /** No sample is left of images that were there before: of the process, or with exec of what it ran before. */
  forget(pid: number, time: bigint, ended: boolean): void {
    const images = this.#images.get(pid);
    if (images === undefined) return;
    const before = images.filter(({ startTime }) => startTime <= time);
    const isLast = ({ execId }: Image) => before.every((other) => other.execId <= execId);
    const over = new Set(before.filter((image) => ended || !isLast(image)));
    for (const { numbers } of over) for (const number of numbers) this.#byNumber.delete(number);
    const kept = images.filter((image) => !over.has(image));
    if (kept.length > 0) this.#images.set(pid, kept);
    else this.#images.delete(pid);
  }

  close(): void {
    this.#ring.close();
  }

  #note(view: DataView, bytes: Uint8Array, at: number): void {
    const number = view.getUint32(at + AT.number, true);
    const description = this.#interpreter(view.getUint32(at + AT.interpreter, true));
    const { object = '[interpreted]', lineTable = '' } = description ?? {};
    const text = (field: 'file' | 'name') => textOf(view, bytes, at, field);
    const file = text('file');
    const position = view.getUint32(at + AT.position, true);
    const firstLine =
      Math.max(0, view.getInt32(at + AT.first_line, true)) ||
      (this.#lines.of({
        pid: view.getUint32(at + AT.tgid, true),
        file,
        position,
        characters: view.getUint32(at + AT.source_length, true),
      }) ??
        0);
    const name = text('name') || (position === 0 ? MODULE : ANONYMOUS);
    const tableBytes = view.getUint32(at + AT.line_table_bytes, true);
    const tableAt = at + AT.line_table;
    const table = tableBytes === 0 ? undefined : bytes.slice(tableAt, tableAt + tableBytes);
    const code = this.#share({ name, file, firstLine, object }, (own) => {
      const lineOf = LINE_TABLES[lineTable];
      if (table === undefined || lineOf === undefined) return { ...own, lineOf: noLine };
      return { ...own, lineOf: (instruction) => lineOf(table, firstLine, instruction) };
    });
    this.#byNumber.set(number, code);
    this.#imageOf(view, at).numbers.push(number);
    const [oldest] = this.#byNumber.keys();
    if (this.#byNumber.size > MAX_NUMBERS && oldest !== undefined) this.#byNumber.delete(oldest);
  }

  /** One with a line table may differ from another that is called the same: those are not shared. */
  #share(
    own: Omit<InterpretedCode, 'lineOf'>,
    make: (own: Omit<InterpretedCode, 'lineOf'>) => InterpretedCode,
  ): InterpretedCode {
    const { name, file, firstLine, object } = own;
    const made = make(own);
    if (made.lineOf !== noLine) return made;
    const key = `${firstLine} ${object} ${file}\0${name}`;
    const known = this.#shared.get(key);
    if (known !== undefined) return known;
    if (this.#shared.size >= MAX_SHARED) this.#shared.clear();
    this.#shared.set(key, made);
    return made;
  }

  #imageOf(view: DataView, at: number): Image {
    const pid = view.getUint32(at + AT.tgid, true);
    const startTime = view.getBigUint64(at + AT.start_boottime, true);
    const execId = view.getBigUint64(at + AT.exec_id, true);
    const images = this.#images.get(pid) ?? [];
    const known = images.find((image) => image.startTime === startTime && image.execId === execId);
    if (known !== undefined) return known;
    const image: Image = { startTime, execId, numbers: [] };
    this.#images.set(pid, [...images, image]);
    return image;
  }
}

const noLine = () => undefined;

/** What stands for text that could not be read. */
const UNREADABLE = '[unreadable]';
const CUT = '…';
/** Code without a name: all of a script, or a function. */
const MODULE = '<module>';
const ANONYMOUS = '<anonymous>';

function textOf(view: DataView, bytes: Uint8Array, at: number, field: 'file' | 'name'): string {
  const length = view.getUint32(at + AT[`${field}_text.bytes`], true);
  const unit = view.getUint32(at + AT[`${field}_text.unit`], true);
  const isCut = view.getUint32(at + AT[`${field}_text.is_cut`], true) !== 0;
  const start = at + AT[field];
  if (unit === 0) return UNREADABLE;
  if (length === 0) return '';
  // No name has it: what follows is something else.
  const [text = ''] = decoded(bytes.subarray(start, start + length), unit).split('\0', 1);
  if (text === '') return UNREADABLE;
  if (!isCut) return text;
  return field === 'file' ? `${CUT}${text}` : `${text}${CUT}`;
}

/** Latin-1, UCS-2 or UCS-4, which CPython calls kinds 1, 2 and 4 (PEP 393). */
function decoded(text: Uint8Array, unit: number): string {
  const buffer = Buffer.from(text.buffer, text.byteOffset, text.length);
  if (unit === 1) return buffer.toString('latin1');
  if (unit === 2) return buffer.toString('utf16le');
  const characters: string[] = [];
  for (let at = 0; at + 4 <= buffer.length; at += 4) {
    const point = buffer.readUInt32LE(at);
    characters.push(point > 0x10ffff ? '\ufffd' : String.fromCodePoint(point));
  }
  return characters.join('');
}
