/**
 * The JSON lines of EventJson written from the bytes of records: no object, no string and no bigint is made
 * for what is usual. A field is a name in event-fields.ts and a line here; a property test holds this to the lines
 * of EventJson (record-json.test.ts). Why not from objects: docs/adr/0011-events-from-bytes.md.
 */

import {
  decodeBytes,
  decodeStrings,
  ExecRecordReader,
  execRecord,
  exitRecord,
  failedExecRecord,
  forkRecord,
  recordFlags,
  recordHeader,
  recordType,
} from '@waggle/bpf';
import {
  ARGV_CUT,
  deviceOf,
  type EventBatch,
  EXEC_DETAIL_NUMBERS,
  EXEC_DETAIL_TEXTS,
  EXEC_NUMBERS,
  execFlagsOf,
  NO_LOGIN,
  type NumberFields,
  type NumberOf,
  nameOfCut,
  namesOf,
  type StandardFile,
  standardFilesOf,
  type TextField,
} from '@waggle/events';
import { errnoName, signalName } from '@waggle/ffi';
import { ByteWriter, rawBytes, stringifyJson } from '@waggle/text';
import { KEY } from './event-fields.ts';
import type { HiddenTexts } from './hidden-texts.ts';
import { JsonFields } from './json-fields.ts';
import { RecordLine } from './record-line.ts';
import { inWords, wholeNumber } from './record-words.ts';

const FORK = inWords(forkRecord.offset);
const EXEC = inWords(execRecord.offset);
const EXIT = inWords(exitRecord.offset);
const FAILED = inWords(failedExecRecord.offset);
const STANDARD_FILES = [
  { state: EXEC.stdin_state, length: EXEC.stdin_length },
  { state: EXEC.stdout_state, length: EXEC.stdout_length },
  { state: EXEC.stderr_state, length: EXEC.stderr_length },
] as const;
const TIME_NS = inWords(recordHeader.offset).time_ns;
const FLAGS_AT = recordHeader.offset.flags;
const EXEC_PAYLOAD = execRecord.offset.payload;
const FAILED_PAYLOAD = failedExecRecord.offset.payload;

const START = {
  fork: rawBytes('{"event":"fork","time":"'),
  exec: rawBytes('{"event":"exec","time":"'),
  exit: rawBytes('{"event":"exit","time":"'),
  failed: rawBytes('{"event":"failed-exec","time":"'),
};

/** What an event's id says behind that of its process: events/event-ids.ts. */
const ID = {
  fork: rawBytes('-fork-'),
  exec: rawBytes('-exec'),
  exit: rawBytes('-exit'),
  failed: rawBytes('-failed-'),
  failedAt: rawBytes('-failed@'),
};
const DASH = 45;

const NUMBERS = keyed(EXEC_NUMBERS);
const DETAIL_NUMBERS = keyed(EXEC_DETAIL_NUMBERS);
const DETAIL_TEXTS = namesOf(EXEC_DETAIL_TEXTS).map((name) => {
  const { length, form, ...more }: TextField<ExecRecordReader> = EXEC_DETAIL_TEXTS[name];
  const cutKey = KEY[nameOfCut(name) as keyof typeof KEY];
  // As C calls it.
  const inC = String(length).replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const at = EXEC[inC as keyof typeof EXEC];
  return { key: KEY[name], length: at, form, cut: more.cut ?? 0, cutKey };
});

export class RecordJson {
  readonly out = new ByteWriter();
  readonly #fields = new JsonFields(this.out);
  readonly #line = new RecordLine(this.out, this.#fields);
  readonly #reader = new ExecRecordReader();
  readonly #byBits = new Map<number, Uint8Array>();
  readonly #signals = new Map<number, Uint8Array>();
  readonly #errors = new Map<number, Uint8Array>();
  readonly #hidden: HiddenTexts | undefined;
  #stdio: KnownStandardFiles | undefined;

  /** @param hidden nothing without it */
  constructor(hidden?: HiddenTexts) {
    this.#hidden = hidden;
  }

  /** One line, of what is a record in the batch and was not made an object. */
  write(batch: EventBatch, index: number): void {
    this.#line.prepare(batch);
    switch (batch.typeAt(index)) {
      case recordType.RECORD_EXEC:
        this.#exec(batch, index);
        return;
      case recordType.RECORD_EXIT:
        this.#exit(batch, index);
        return;
      case recordType.RECORD_FORK:
        this.#fork(batch, index);
        return;
      default:
        this.#failedExec(batch, index);
    }
  }

  #fork(batch: EventBatch, index: number): void {
    const { words } = batch;
    const place = batch.placeAt(index);
    const at = place >>> 2;
    this.#line.begin(START.fork, batch, place);
    this.#fields.number(KEY.childPid, words[at + FORK.child_tgid]!);
    this.#fields.u64(KEY.childStartTime, words, at + FORK.child_start_boottime);
    this.#fields.number(KEY.uid, words[at + FORK.uid]!);
    this.#line.end(batch, index, at, ID.fork);
    this.out.number(words[at + FORK.child_tgid]!);
    this.out.byte(DASH);
    this.out.u64(
      words[at + FORK.child_start_boottime]!,
      words[at + FORK.child_start_boottime + 1]!,
    );
    this.#line.close();
  }

  #exec(batch: EventBatch, index: number): void {
    const { out } = this;
    const { words, memory } = batch;
    const { bytes } = memory;
    const place = batch.placeAt(index);
    const at = place >>> 2;
    const flags = flagsAt(bytes, place);
    const filenameAt = place + EXEC_PAYLOAD;
    const argvAt = filenameAt + words[at + EXEC.filename_length]!;
    const argvEnd = argvAt + words[at + EXEC.argv_length]!;
    const environEnd = argvEnd + words[at + EXEC.environ_length]!;
    this.#line.begin(START.exec, batch, place);
    this.#fields.bytes(KEY.filename, bytes, filenameAt, argvAt);
    this.#arguments(bytes, argvAt, argvEnd);
    this.#fields.flag(KEY.argvTruncated, (flags & ARGV_CUT) !== 0);
    this.#fields.number(KEY.uid, words[at + EXEC.uid]!);
    this.#fields.number(KEY.gid, words[at + EXEC.gid]!);
    this.#fields.u64(KEY.cgroupId, words, at + EXEC.cgroup_id);
    this.#fields.text(KEY.containerId, batch.cgroupAt(index)?.containerId);
    const reader = this.#reader.at(memory, place);
    this.#fields.numbers(NUMBERS, reader);
    if ((flags & recordFlags.RECORD_HAS_DETAIL) !== 0) {
      const textsEnd = this.#fields.texts(DETAIL_TEXTS, words, at, bytes, flags, environEnd);
      this.#fields.text(KEY.exeDevice, deviceOf(words[at + EXEC.exe_device]!));
      this.#fields.numbers(DETAIL_NUMBERS, reader);
      this.#fields.number(KEY.loginUid, words[at + EXEC.login_uid]!, NO_LOGIN);
      const tty = words[at + EXEC.tty]!;
      this.#fields.text(KEY.tty, tty === 0 ? null : deviceOf(tty));
      out.raw(KEY.marks);
      out.raw(remembered(this.#byBits, words[at + EXEC.exec_flags]!, execFlagsOf));
      this.#standardFiles(bytes, textsEnd, words, at);
    }
    if ((flags & recordFlags.RECORD_HAS_ENVIRON) !== 0) {
      const hidden = this.#hidden;
      if (hidden === undefined) this.#fields.list(KEY.environ, bytes, argvEnd, environEnd);
      else {
        const variables = decodeStrings(bytes, argvEnd, environEnd);
        this.#fields.strings(KEY.environ, variables.map(hidden.variable));
      }
      this.#fields.flag(KEY.environTruncated, (flags & recordFlags.RECORD_ENVIRON_TRUNCATED) !== 0);
    }
    this.#line.end(batch, index, at, ID.exec);
    this.#line.close();
  }

  #arguments(bytes: Uint8Array, from: number, to: number): void {
    if (this.#hidden === undefined) this.#fields.list(KEY.argv, bytes, from, to);
    else this.#fields.strings(KEY.argv, this.#hidden.arguments(decodeStrings(bytes, from, to)));
  }

  /** Mostly those of the exec before. */
  #standardFiles(bytes: Uint8Array, from: number, words: Uint32Array, at: number): void {
    const files = STANDARD_FILES.map(({ state, length }) => ({
      state: words[at + state]!,
      length: words[at + length]!,
    }));
    const end = files.reduce((sum, { length }) => sum + length, from);
    const known = this.#stdio;
    if (known?.isOf(files, bytes, from, end) !== true)
      this.#stdio = new KnownStandardFiles(files, bytes.slice(from, end));
    this.out.raw(KEY.stdio);
    this.#fields.json((this.#stdio as KnownStandardFiles).json);
  }

  #exit(batch: EventBatch, index: number): void {
    const { out } = this;
    const { words, memory } = batch;
    const { bytes } = memory;
    const place = batch.placeAt(index);
    const at = place >>> 2;
    const program = batch.programAt(index);
    const status = words[at + EXIT.exit_code]!;
    this.#line.begin(START.exit, batch, place);
    if (program === undefined || program.filenameEnd < 0) this.#fields.text(KEY.filename, null);
    else this.#fields.bytes(KEY.filename, bytes, program.filenameAt, program.filenameEnd);
    if (program === undefined || program.argvEnd < 0) this.#fields.text(KEY.argv, null);
    else this.#arguments(bytes, program.argvAt, program.argvEnd);
    this.#fields.flag(KEY.argvTruncated, program?.argvTruncated ?? false);
    this.#fields.number(KEY.uid, words[at + EXIT.uid]!);
    this.#fields.u64(KEY.cgroupId, words, at + EXIT.cgroup_id);
    this.#fields.text(KEY.containerId, batch.cgroupAt(index)?.containerId);
    this.#fields.number(KEY.exitCode, (status >>> 8) & 0xff);
    out.raw(KEY.signal);
    out.raw(remembered(this.#signals, status & 0x7f, signalName));
    this.#fields.flag(KEY.coreDumped, (status & 0x80) !== 0);
    this.#line.lifetime(words, at);
    this.#usage(words, at, (flagsAt(bytes, place) & recordFlags.RECORD_WITHOUT_IO) === 0);
    this.#line.end(batch, index, at, ID.exit);
    this.#line.close();
  }

  #usage(words: Uint32Array, at: number, countsIo: boolean): void {
    const fields = this.#fields;
    fields.u64(KEY.userNs, words, at + EXIT.user_ns);
    fields.u64(KEY.systemNs, words, at + EXIT.system_ns);
    fields.u64(KEY.maxRssBytes, words, at + EXIT.max_rss_bytes);
    fields.number(KEY.majorFaults, wholeNumber(words, at + EXIT.major_faults));
    if (countsIo) {
      fields.u64(KEY.readBytes, words, at + EXIT.read_bytes);
      fields.u64(KEY.writeBytes, words, at + EXIT.write_bytes);
    } else {
      fields.text(KEY.readBytes, null);
      fields.text(KEY.writeBytes, null);
    }
    fields.number(KEY.voluntarySwitches, wholeNumber(words, at + EXIT.voluntary_switches));
    fields.number(KEY.involuntarySwitches, wholeNumber(words, at + EXIT.involuntary_switches));
  }

  #failedExec(batch: EventBatch, index: number): void {
    const { out } = this;
    const { words, memory } = batch;
    const { bytes } = memory;
    const place = batch.placeAt(index);
    const at = place >>> 2;
    const flags = flagsAt(bytes, place);
    const filenameAt = place + FAILED_PAYLOAD;
    const argvAt = filenameAt + words[at + FAILED.filename_length]!;
    const argvEnd = argvAt + words[at + FAILED.argv_length]!;
    this.#line.begin(START.failed, batch, place);
    out.raw(KEY.error);
    out.raw(remembered(this.#errors, words[at + FAILED.error]!, errnoName));
    if ((flags & recordFlags.RECORD_FILENAME_UNREADABLE) !== 0)
      this.#fields.text(KEY.filename, null);
    else if (this.#hidden === undefined)
      this.#fields.bytes(KEY.filename, bytes, filenameAt, argvAt);
    else {
      const path = decodeBytes(bytes, filenameAt, argvAt);
      this.#fields.text(KEY.filename, path && this.#hidden.failedPath(path));
    }
    this.#arguments(bytes, argvAt, argvEnd);
    this.#fields.flag(KEY.argvTruncated, (flags & ARGV_CUT) !== 0);
    this.#fields.number(KEY.uid, words[at + FAILED.uid]!);
    this.#fields.number(KEY.gid, words[at + FAILED.gid]!);
    this.#fields.u64(KEY.cgroupId, words, at + FAILED.cgroup_id);
    this.#fields.text(KEY.containerId, batch.cgroupAt(index)?.containerId);
    const number = words[at + FAILED.cursor]!;
    this.#line.end(batch, index, at, number > 0 ? ID.failed : ID.failedAt);
    if (number > 0) out.number(number);
    else out.u64(words[at + TIME_NS]!, words[at + TIME_NS + 1]!);
    this.#line.close();
  }
}

/** What is written before each, and where the reader has it. */
function keyed<
  Fields extends NumberFields<ExecRecordReader> & Partial<Record<keyof typeof KEY, unknown>>,
>(fields: Fields): readonly (readonly [Uint8Array, NumberOf<ExecRecordReader>])[] {
  return namesOf(fields).map((name) => [KEY[name as keyof typeof KEY], fields[name]!] as const);
}

/** Three files of an exec, and their JSON. */
class KnownStandardFiles {
  readonly json: Uint8Array;
  readonly #files: readonly StandardFile[];
  readonly #bytes: Uint8Array;

  constructor(files: readonly StandardFile[], bytes: Uint8Array) {
    this.#files = files;
    this.#bytes = bytes;
    this.json = rawBytes(stringifyJson(standardFilesOf(bytes, 0, files)));
  }

  isOf(files: readonly StandardFile[], bytes: Uint8Array, from: number, end: number): boolean {
    if (end - from !== this.#bytes.length) return false;
    for (const [index, { state, length }] of files.entries()) {
      const own = this.#files[index];
      if (own?.state !== state || own.length !== length) return false;
    }
    for (let at = from; at < end; at++) if (bytes[at] !== this.#bytes[at - from]) return false;
    return true;
  }
}

function flagsAt(bytes: Uint8Array, place: number): number {
  return bytes[place + FLAGS_AT]! | (bytes[place + FLAGS_AT + 1]! << 8);
}

/** The JSON of what a number stands for; there are few of each. */
function remembered(
  known: Map<number, Uint8Array>,
  value: number,
  meaning: (value: number) => unknown,
): Uint8Array {
  const found = known.get(value);
  if (found !== undefined) return found;
  const made = rawBytes(JSON.stringify(meaning(value)));
  known.set(value, made);
  return made;
}
