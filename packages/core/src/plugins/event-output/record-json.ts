/**
 * The JSON lines of EventJson written from the bytes of records by C: no object, no string and no bigint is made for
 * what is usual. What is not (text to be escaped, a path that is cut) is the line of the event, as an object.
 * A property test holds both to the same bytes (record-json.test.ts). Why: docs/adr/0011-events-from-bytes.md.
 */

import {
  decodeStrings,
  execRecord,
  exitRecord,
  failedExecRecord,
  recordFlags,
  recordHeader,
  recordType,
} from '@waggle/bpf';
import { type EventBatch, execFlagsOf, type ProcessEvent } from '@waggle/events';
import {
  errnoName,
  LineWriter,
  type Native,
  openedNative,
  type PreparedLine,
  signalName,
} from '@waggle/ffi';
import { ByteWriter, stringifyJson } from '@waggle/text';
import { EventJson } from './event-json.ts';
import type { HiddenTexts } from './hidden-texts.ts';
import { HIDING_STEPS, LINE_STEPS, type LineSteps, OTHER, PIECE } from './line-steps.ts';

/** Names of fields, numbers and ids of a line, and what C wants to be free behind it. */
const FIXED_BYTES = 8192;
/** A list of empty texts takes three for each: quotes and a comma. */
const BYTES_OF_A_BYTE = 3;
const SIGNAL_BITS = 0x7f;
const NULL = 'null';

const FLAGS_AT = recordHeader.offset.flags;
const SIZE_AT = recordHeader.offset.size >>> 2;
const EXEC = execRecord.offset;
const EXEC_FLAGS_AT = EXEC.exec_flags >>> 2;
const EXIT_CODE_AT = exitRecord.offset.exit_code >>> 2;
const ERROR_AT = failedExecRecord.offset.error >>> 2;

export class RecordJson {
  readonly out = new ByteWriter();
  readonly #json = new EventJson();
  readonly #hidden: HiddenTexts | undefined;
  #records: RecordLines | undefined;

  /** @param hidden nothing without it */
  constructor(hidden?: HiddenTexts) {
    this.#hidden = hidden;
  }

  /** One line, of what is a record in the batch and was not made an object. */
  write(batch: EventBatch, index: number): void {
    this.#records ??= RecordLines.open(this.out, this.#hidden);
    if (this.#records?.write(batch, index) === true) return;
    const event = batch.at(index) as ProcessEvent;
    this.out.text(this.#json.line(this.#hidden?.event(event) ?? event));
  }
}

/** Those that C writes. */
class RecordLines {
  readonly #out: ByteWriter;
  readonly #hidden: HiddenTexts | undefined;
  readonly #lines: LineWriter;
  readonly #fork: PreparedLine;
  readonly #exec: PreparedLine;
  readonly #exit: PreparedLine;
  readonly #failed: PreparedLine | undefined;
  readonly #marks = new Map<number, string>();
  readonly #signals = new Map<number, string>();
  readonly #errors = new Map<number, string>();
  /** Neighbours have the same, mostly. */
  #parentComm: string | null = null;
  #parentCommJson = NULL;
  /** Of what lies beside the record. */
  #otherBytes = 0;

  /** undefined where no records can come from, since no library is open. */
  static open(out: ByteWriter, hidden: HiddenTexts | undefined): RecordLines | undefined {
    const native = openedNative();
    if (native === undefined) return undefined;
    const steps = hidden === undefined ? LINE_STEPS : HIDING_STEPS;
    return new RecordLines(native, out, hidden, steps);
  }

  private constructor(
    native: Native,
    out: ByteWriter,
    hidden: HiddenTexts | undefined,
    { fork, exec, exit, failed }: LineSteps,
  ) {
    this.#out = out;
    this.#hidden = hidden;
    const all = [fork, exec, exit, failed ?? []].flat();
    const lines = new LineWriter(
      native,
      all.reduce((sum, { name = '' }) => sum + name.length, 0),
    );
    this.#lines = lines;
    this.#fork = lines.prepare(fork);
    this.#exec = lines.prepare(exec);
    this.#exit = lines.prepare(exit);
    this.#failed = failed && lines.prepare(failed);
  }

  /** @returns whether it is written; else nothing is. */
  write(batch: EventBatch, index: number): boolean {
    const out = this.#out;
    const { words, context, memory } = batch;
    const place = batch.placeAt(index);
    const size = Math.min(words[(place >>> 2) + SIZE_AT]!, memory.bytes.length - place);
    this.#lines.begin(context?.realtimeOffset ?? 0n, context?.bootId ?? '');
    this.#otherBytes = 0;
    const line = this.#lineOf(batch, index, place);
    if (line === undefined) return false;
    out.reserve(BYTES_OF_A_BYTE * (size + this.#otherBytes) + FIXED_BYTES);
    const length = this.#lines.write(line, memory.bytes, place, size, out.bytes, out.length);
    out.length += length;
    return length > 0;
  }

  /** With all that it has beside the record; undefined where C cannot write it. */
  #lineOf(batch: EventBatch, index: number, place: number): PreparedLine | undefined {
    const { words } = batch;
    const at = place >>> 2;
    this.#setParentComm(batch.parentCommAt(index));
    switch (batch.typeAt(index)) {
      case recordType.RECORD_EXEC:
        this.#setContainer(batch, index);
        this.#setMeaning(this.#marks, words[at + EXEC_FLAGS_AT]!, execFlagsOf);
        return this.#hasExecArguments(batch, place) ? this.#exec : undefined;
      case recordType.RECORD_EXIT:
        this.#setContainer(batch, index);
        this.#setMeaning(this.#signals, words[at + EXIT_CODE_AT]! & SIGNAL_BITS, signalName);
        return this.#hasProgram(batch, index) ? this.#exit : undefined;
      case recordType.RECORD_FORK:
        return this.#fork;
      default:
        this.#setContainer(batch, index);
        this.#setMeaning(this.#errors, words[at + ERROR_AT]!, errnoName);
        return this.#failed;
    }
  }

  #setParentComm(comm: string | null): void {
    if (comm !== this.#parentComm) {
      this.#parentComm = comm;
      this.#parentCommJson = stringifyJson(comm);
    }
    this.#lines.setPiece(PIECE.parentComm, this.#parentCommJson);
  }

  #setContainer(batch: EventBatch, index: number): void {
    const id = batch.cgroupAt(index)?.containerId ?? null;
    this.#lines.setPiece(PIECE.containerId, id === null ? NULL : stringifyJson(id));
  }

  /** The JSON of what a number stands for; there are few of each. */
  #setMeaning(
    known: Map<number, string>,
    value: number,
    meaning: (value: number) => unknown,
  ): void {
    let json = known.get(value);
    if (json === undefined) {
      json = JSON.stringify(meaning(value));
      known.set(value, json);
    }
    this.#lines.setPiece(PIECE.meaning, json);
  }

  #hasExecArguments({ words, memory: { bytes, view } }: EventBatch, place: number): boolean {
    const hidden = this.#hidden;
    if (hidden === undefined) return true;
    if ((view.getUint16(place + FLAGS_AT, true) & recordFlags.RECORD_HAS_ENVIRON) !== 0)
      return false;
    const at = place >>> 2;
    const from = place + EXEC.payload + words[at + (EXEC.filename_length >>> 2)]!;
    const to = from + words[at + (EXEC.argv_length >>> 2)]!;
    return this.#hasHidden(hidden, decodeStrings(bytes, from, to));
  }

  #hasHidden(hidden: HiddenTexts, argv: readonly string[] | null): boolean {
    return this.#lines.setOnce(PIECE.argv, stringifyJson(argv && hidden.arguments(argv)));
  }

  #hasProgram(batch: EventBatch, index: number): boolean {
    const lines = this.#lines;
    const hidden = this.#hidden;
    const program = batch.programAt(index);
    lines.setPiece(PIECE.argvTruncated, program?.argvTruncated === true ? 'true' : 'false');
    const { filenameAt = 0, filenameEnd = -1, argvAt = 0, argvEnd = -1 } = program ?? {};
    const filenameBytes = filenameEnd < 0 ? -1 : filenameEnd - filenameAt;
    const argvBytes = argvEnd < 0 ? -1 : argvEnd - argvAt;
    lines.setOther(OTHER.filename, filenameAt, filenameBytes);
    lines.setOther(OTHER.argv, argvAt, argvBytes);
    this.#otherBytes = Math.max(0, filenameBytes) + Math.max(0, argvBytes);
    if (hidden === undefined) return true;
    const argv = argvEnd < 0 ? null : decodeStrings(batch.memory.bytes, argvAt, argvEnd);
    return this.#hasHidden(hidden, argv);
  }
}
