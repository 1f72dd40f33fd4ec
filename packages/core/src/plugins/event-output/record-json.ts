/**
 * The JSON lines of EventJson written from the bytes of records by C: no object, no string and no bigint is made for
 * what is usual. What is not (text to be escaped, a path that is cut) is the line of the event, as an object.
 * A property test holds both to the same bytes (record-json.test.ts). Why: docs/adr/0011-events-from-bytes.md.
 */

import { execRecord, exitRecord, failedExecRecord, recordHeader, recordType } from '@waggle/bpf';
import { type EventBatch, execFlagsOf, type ProcessEvent } from '@waggle/events';
import {
  errnoName,
  LineWriter,
  type Native,
  openNative,
  type PreparedLine,
  signalName,
} from '@waggle/ffi';
import { ByteWriter, stringifyJson } from '@waggle/text';
import { EventJson } from './event-json.ts';
import { LINE_STEPS, OTHER, PIECE } from './line-steps.ts';

/** Names of fields, numbers and ids of a line, and what C wants to be free behind it. */
const FIXED_BYTES = 8192;
/** A list of empty texts takes three for each: quotes and a comma. */
const BYTES_OF_A_BYTE = 3;
const SIGNAL_BITS = 0x7f;

const SIZE_AT = recordHeader.offset.size >>> 2;
const EXEC_FLAGS_AT = execRecord.offset.exec_flags >>> 2;
const EXIT_CODE_AT = exitRecord.offset.exit_code >>> 2;
const ERROR_AT = failedExecRecord.offset.error >>> 2;

export class RecordJson {
  readonly out = new ByteWriter();
  readonly #lines: LineWriter;
  readonly #fork: PreparedLine;
  readonly #exec: PreparedLine;
  readonly #exit: PreparedLine;
  readonly #failed: PreparedLine;
  readonly #json = new EventJson();
  readonly #marks = new Map<number, string>();
  readonly #signals = new Map<number, string>();
  readonly #errors = new Map<number, string>();
  /** Neighbours have the same, mostly. */
  #parentComm: string | null = null;
  #parentCommJson = 'null';

  constructor(native: Native) {
    const all = Object.values(LINE_STEPS).flat();
    const names = all.reduce((sum, { name = '' }) => sum + name.length, 0);
    this.#lines = new LineWriter(native, names);
    this.#fork = this.#lines.prepare(LINE_STEPS.fork);
    this.#exec = this.#lines.prepare(LINE_STEPS.exec);
    this.#exit = this.#lines.prepare(LINE_STEPS.exit);
    this.#failed = this.#lines.prepare(LINE_STEPS.failed);
  }

  /** @throws LibraryError where waggle's own library cannot be opened. */
  static async open(): Promise<RecordJson> {
    return new RecordJson(await openNative());
  }

  /** One line, of what is a record in the batch and was not made an object. */
  write(batch: EventBatch, index: number): void {
    const { out } = this;
    const { words, context, memory } = batch;
    const place = batch.placeAt(index);
    const size = Math.min(words[(place >>> 2) + SIZE_AT]!, memory.bytes.length - place);
    this.#lines.begin(context?.realtimeOffset ?? 0n, context?.bootId ?? '');
    this.#setParentComm(batch.parentCommAt(index));
    const line = this.#lineOf(batch, index, place >>> 2);
    out.reserve(BYTES_OF_A_BYTE * (size + this.#otherBytes) + FIXED_BYTES);
    const length = this.#lines.write(line, memory.bytes, place, size, out.bytes, out.length);
    if (length > 0) out.length += length;
    else out.text(this.#json.line(batch.at(index) as ProcessEvent));
  }

  /** Of what lies beside the record. */
  #otherBytes = 0;

  #lineOf(batch: EventBatch, index: number, at: number): PreparedLine {
    const { words } = batch;
    this.#otherBytes = 0;
    switch (batch.typeAt(index)) {
      case recordType.RECORD_EXEC:
        this.#setContainer(batch, index);
        this.#setMeaning(this.#marks, words[at + EXEC_FLAGS_AT]!, execFlagsOf);
        return this.#exec;
      case recordType.RECORD_EXIT:
        this.#setContainer(batch, index);
        this.#setMeaning(this.#signals, words[at + EXIT_CODE_AT]! & SIGNAL_BITS, signalName);
        this.#setProgram(batch, index);
        return this.#exit;
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
    this.#lines.setPiece(PIECE.containerId, id === null ? 'null' : stringifyJson(id));
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

  #setProgram(batch: EventBatch, index: number): void {
    const program = batch.programAt(index);
    const lines = this.#lines;
    if (program === undefined) {
      lines.setOther(OTHER.filename, 0, -1);
      lines.setOther(OTHER.argv, 0, -1);
      lines.setPiece(PIECE.argvTruncated, 'false');
      return;
    }
    const { filenameAt, filenameEnd, argvAt, argvEnd, argvTruncated } = program;
    lines.setOther(OTHER.filename, filenameAt, filenameEnd < 0 ? -1 : filenameEnd - filenameAt);
    lines.setOther(OTHER.argv, argvAt, argvEnd < 0 ? -1 : argvEnd - argvAt);
    lines.setPiece(PIECE.argvTruncated, argvTruncated ? 'true' : 'false');
    this.#otherBytes = Math.max(0, filenameEnd - filenameAt) + Math.max(0, argvEnd - argvAt);
  }
}
