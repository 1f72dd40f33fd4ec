/**
 * What interpreted code is called: the kernel hands it over when a process image runs it first, and the walk has its
 * number from then on. So a process that is gone keeps its names. They are held until no sample of the image can be
 * left, as its mappings are.
 */

import { Buffer } from 'node:buffer';
import { codeName, inlinedCode, textUnits } from '@waggle/bpf';
import type { RingBuffer } from '@waggle/ffi';
import { LINE_TABLES, NAMINGS } from './index.ts';
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

/** A function at a place in it. */
export interface InterpretedPlace {
  readonly code: InterpretedCode;
  readonly line: number | undefined;
  /** It has no frame: it was inlined into the next one. */
  readonly isInlined: boolean;
}

/** Generated code with the functions that run there, innermost first, and the instruction that each is at. */
interface InlinedFunctions {
  readonly functions: readonly { readonly number: number; readonly instruction: number }[];
}

/** Where the kernel puts names. */
export type NameRing = Pick<RingBuffer, 'drain' | 'close'>;

const AT = codeName.offset;
/** Of all images. A process that makes code without end loses the names of its oldest. */
const MAX_NUMBERS = 2 ** 18;
/** Of their names and tables, about: those of code that runs have some hundred bytes, of code made for it 5,000. */
const MAX_BYTES = 96 * 1024 * 1024;
/** Equal ones are one as long as there are so few. */
const MAX_SHARED = 2 ** 15;
const CHUNK = 256;

interface Image {
  readonly startTime: bigint;
  readonly execId: number;
  readonly numbers: Set<number>;
}

/** What a number stands for, of which image, and about how many bytes it takes. */
interface Held {
  readonly what: InterpretedCode | InlinedFunctions;
  readonly image: Image;
  readonly bytes: number;
}

export class CodeNames {
  readonly #byNumber = new Map<number, Held>();
  /** From the oldest on, while there are too many: what was deleted before it is not gone through again each time. */
  #oldest: Iterator<number> | undefined;
  #bytes = 0;
  readonly #images = new Map<number, Image[]>();
  readonly #shared = new Map<string, InterpretedCode>();

  readonly #scripts = new ScriptLines();

  readonly #ring: NameRing;
  readonly #interpreter: (number: number) => InterpreterDescription | undefined;
  readonly #lines: boolean;

  /**
   * @param interpreter by the number that the kernel has of it
   * @param lines whether frames have the place that they are at: else what is there of a table says where code begins
   */
  constructor(
    ring: NameRing,
    interpreter: (number: number) => InterpreterDescription | undefined,
    lines = true,
  ) {
    this.#ring = ring;
    this.#interpreter = interpreter;
    this.#lines = lines;
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

  /** Undefined for a number that no function was handed over for: 0 is one. */
  of(number: number): InterpretedCode | undefined {
    const known = this.#known(number);
    return known === undefined || 'functions' in known ? undefined : known;
  }

  /** The functions of one frame, innermost first: several where some were inlined. Undefined in the place of lost ones. */
  at(number: number, instruction: number): readonly (InterpretedPlace | undefined)[] {
    const known = this.#known(number);
    if (known === undefined) return [undefined];
    if (!('functions' in known)) return [placeIn(known, instruction, false)];
    const last = known.functions.length - 1;
    return known.functions.map((inlined, index) => {
      const code = this.of(inlined.number);
      return code && placeIn(code, inlined.instruction, index < last);
    });
  }

  #known(number: number): InterpretedCode | InlinedFunctions | undefined {
    const known = this.#byNumber.get(number)?.what;
    if (known !== undefined || number === 0) return known;
    // It was handed over before any stack that has it was counted.
    this.read();
    return this.#byNumber.get(number)?.what;
  }

  /** No sample is left of images that were there before: of the process, or with exec of what it ran before. */
  forget(pid: number, time: bigint, ended: boolean): void {
    const images = this.#images.get(pid);
    if (images === undefined) return;
    const before = images.filter(({ startTime }) => startTime <= time);
    const isLast = ({ execId }: Image) => before.every((other) => other.execId <= execId);
    const over = new Set(before.filter((image) => ended || !isLast(image)));
    for (const { numbers } of over) for (const number of [...numbers]) this.#drop(number);
    // Kept longer it would hold every table that the map has grown out of.
    this.#oldest = undefined;
    const kept = images.filter((image) => !over.has(image));
    if (kept.length > 0) this.#images.set(pid, kept);
    else this.#images.delete(pid);
  }

  close(): void {
    this.#ring.close();
  }

  #note(view: DataView, bytes: Uint8Array, at: number): void {
    const number = view.getUint32(at + AT.number, true);
    const what = inlinedIn(view, at) ?? this.#codeIn(view, bytes, at);
    this.#drop(number);
    const held = { what, image: this.#imageOf(view, at), bytes: bytesOf(what, view, at) };
    this.#byNumber.set(number, held);
    held.image.numbers.add(number);
    this.#bytes += held.bytes;
    while (this.#byNumber.size > MAX_NUMBERS || this.#bytes > MAX_BYTES) {
      this.#oldest ??= this.#byNumber.keys();
      const { value, done } = this.#oldest.next();
      if (done) break;
      this.#drop(value);
    }
  }

  #drop(number: number): void {
    const held = this.#byNumber.get(number);
    if (held === undefined) return;
    this.#byNumber.delete(number);
    held.image.numbers.delete(number);
    this.#bytes -= held.bytes;
  }

  #codeIn(view: DataView, bytes: Uint8Array, at: number): InterpretedCode {
    const description = this.#interpreter(view.getUint32(at + AT.interpreter, true));
    const { object = '[interpreted]', lineTable = '', naming = '' } = description ?? {};
    const text = (field: TextField) => textOf(view, bytes, at, field);
    const tableBytes = view.getUint32(at + AT.line_table_bytes, true);
    const tableAt = at + AT.line_table;
    const table = tableBytes === 0 ? undefined : bytes.slice(tableAt, tableAt + tableBytes);
    const lineIn = LINE_TABLES[lineTable];
    const said = Math.max(0, view.getInt32(at + AT.first_line, true));
    const lineAt = (instruction: number) => table && lineIn?.(table, said, instruction);
    const join = hasText(view, at, 'owner') ? NAMINGS[naming] : undefined;
    const file = hasText(view, at, 'file') || join === undefined ? text('file') : '';
    const position = view.getUint32(at + AT.position, true);
    // What is of no file, such as a closure of V8's own, is no module.
    const isModule = file !== '' && position === 0 && said <= 1;
    const own = text('name') || (isModule ? MODULE : ANONYMOUS);
    const name = join === undefined ? own : join(text('owner'), own);
    const lineInScript = () =>
      this.#scripts.of({
        pid: view.getUint32(at + AT.tgid, true),
        file,
        position,
        characters: view.getUint32(at + AT.source_length, true),
      });
    const firstLine = said || lineAt(0) || (lineInScript() ?? 0);
    return this.#share({ name, file, firstLine, object }, (own) => {
      const isKnown = table !== undefined && lineIn !== undefined && this.#lines;
      return { ...own, lineOf: isKnown ? lineAt : noLine };
    });
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
    const execId = Number(view.getBigUint64(at + AT.exec_id, true));
    const images = this.#images.get(pid) ?? [];
    const known = images.find((image) => image.startTime === startTime && image.execId === execId);
    if (known !== undefined) return known;
    const image: Image = { startTime, execId, numbers: new Set() };
    this.#images.set(pid, [...images, image]);
    return image;
  }
}

const noLine = () => undefined;

function placeIn(code: InterpretedCode, instruction: number, isInlined: boolean): InterpretedPlace {
  const line = code.lineOf(instruction) ?? (code.firstLine > 0 ? code.firstLine : undefined);
  return { code, line, isInlined };
}

/** What one takes in memory, estimated; less where it is shared. */
const ENTRY_BYTES = 256;

function bytesOf(what: InterpretedCode | InlinedFunctions, view: DataView, at: number): number {
  if ('functions' in what) return ENTRY_BYTES + 64 * what.functions.length;
  const table = what.lineOf === noLine ? 0 : view.getUint32(at + AT.line_table_bytes, true);
  return ENTRY_BYTES + 2 * (what.name.length + what.file.length) + table;
}

/** Undefined for what is a function itself. */
function inlinedIn(view: DataView, at: number): InlinedFunctions | undefined {
  const count = view.getUint32(at + AT.inlined, true);
  if (count === 0) return undefined;
  const functions = Array.from({ length: count }, (_, index) => {
    const function_ = at + AT.line_table + inlinedCode.size * index;
    return {
      number: view.getUint32(function_ + inlinedCode.offset.number, true),
      instruction: view.getUint32(function_ + inlinedCode.offset.instruction, true),
    };
  });
  return { functions };
}

/** What stands for text that could not be read. */
const UNREADABLE = '[unreadable]';
const CUT = '…';
/** Code without a name: all of a script, or a function. */
const MODULE = '<module>';
const ANONYMOUS = '<anonymous>';

type TextField = 'file' | 'name' | 'owner';

/** Whether there is any: of what has no file or owner there is none. */
function hasText(view: DataView, at: number, field: TextField): boolean {
  return view.getUint32(at + AT[`${field}_text.bytes`], true) > 0;
}

function textOf(view: DataView, bytes: Uint8Array, at: number, field: TextField): string {
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
  return field === 'name' ? `${text}${CUT}` : `${CUT}${text}`;
}

/** As enum text_units has it. CPython calls its three kinds 1, 2 and 4 (PEP 393). */
function decoded(text: Uint8Array, unit: number): string {
  const buffer = Buffer.from(text.buffer, text.byteOffset, text.length);
  if (unit === textUnits.TEXT_UTF8) return buffer.toString('utf8');
  if (unit === textUnits.TEXT_LATIN1) return buffer.toString('latin1');
  if (unit === textUnits.TEXT_UCS2) return buffer.toString('utf16le');
  const characters: string[] = [];
  for (let at = 0; at + 4 <= buffer.length; at += 4) {
    const point = buffer.readUInt32LE(at);
    characters.push(point > 0x10ffff ? '\ufffd' : String.fromCodePoint(point));
  }
  return characters.join('');
}
