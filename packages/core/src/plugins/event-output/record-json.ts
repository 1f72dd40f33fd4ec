// The JSON lines of EventJson written from the bytes of records: no object, no string and no bigint is made
// for what is usual. A field is one line here and one in event-json.ts; a property test holds the two together
// (record-json.test.ts). Why not from objects: docs/adr/0011-events-from-bytes.md.

import {
  execRecord,
  exitRecord,
  failedExecRecord,
  forkRecord,
  recordFlags,
  recordHeader,
  recordType,
  textAt,
} from '@waggle/bpf';
import { errnoName, signalName } from '@waggle/ffi';
import { ByteWriter, billionsOf, rawBytes, restOf } from '@waggle/text';
import { ARGV_CUT } from '../../events/event-base.ts';
import type { EventBatch } from '../../events/event-batch.ts';
import { deviceOf, execFlagsOf, NO_LOGIN } from '../../events/exec-detail.ts';
import { FIXED_BYTES, JsonFields } from './json-fields.ts';

const COMM_BYTES = 16;
const BILLION = 1_000_000_000;
const TWO_TO_32 = 0x1_0000_0000;
const DASH = 45;
const QUOTE = 34;

const HEADER = inWords(recordHeader.offset);
const FORK = inWords(forkRecord.offset);
const EXEC = inWords(execRecord.offset);
const EXIT = inWords(exitRecord.offset);
const FAILED = inWords(failedExecRecord.offset);
const COMM_AT = recordHeader.offset.comm;
const FLAGS_AT = recordHeader.offset.flags;
const EXEC_PAYLOAD = execRecord.offset.payload;
const FAILED_PAYLOAD = failedExecRecord.offset.payload;

const LINE_END = rawBytes('}\n');
const TIME_END = rawBytes('Z"');
const START = {
  fork: rawBytes('{"event":"fork","time":"'),
  exec: rawBytes('{"event":"exec","time":"'),
  exit: rawBytes('{"event":"exit","time":"'),
  failed: rawBytes('{"event":"failed-exec","time":"'),
};
const key = (name: string) => rawBytes(`,"${name}":`);
const KEY = {
  pid: key('pid'),
  tid: key('tid'),
  ppid: key('ppid'),
  startTime: key('startTime'),
  execId: key('execId'),
  comm: key('comm'),
  filename: key('filename'),
  argv: key('argv'),
  argvTruncated: key('argvTruncated'),
  uid: key('uid'),
  gid: key('gid'),
  cgroupId: key('cgroupId'),
  containerId: key('containerId'),
  nsMnt: key('nsMnt'),
  nsPid: key('nsPid'),
  exe: key('exe'),
  exeTruncated: key('exeTruncated'),
  cwd: key('cwd'),
  cwdTruncated: key('cwdTruncated'),
  exeInode: key('exeInode'),
  exeDevice: key('exeDevice'),
  effectiveUid: key('effectiveUid'),
  effectiveGid: key('effectiveGid'),
  loginUid: key('loginUid'),
  sessionId: key('sessionId'),
  tty: key('tty'),
  marks: key('marks'),
  interpreter: key('interpreter'),
  environ: key('environ'),
  environTruncated: key('environTruncated'),
  exitCode: key('exitCode'),
  signal: key('signal'),
  coreDumped: key('coreDumped'),
  lifetimeNs: key('lifetimeNs'),
  childPid: key('childPid'),
  childStartTime: key('childStartTime'),
  error: key('error'),
  parentComm: key('parentComm'),
  processId: key('processId'),
  parentProcessId: key('parentProcessId'),
} as const;

export class RecordJson {
  readonly out = new ByteWriter();
  readonly #fields = new JsonFields(this.out);
  /** Where the digits of the process's id begin and end, for processId. */
  #pidFrom = 0;
  #pidTo = 0;
  #startFrom = 0;
  #startTo = 0;
  /** The parent's id is that of the neighbours, mostly. */
  #parent: Uint8Array = new Uint8Array();
  #parentPid = -1;
  #parentStartLow = -1;
  #parentStartHigh = -1;
  #parentExecId = -1;
  #boot: Uint8Array = new Uint8Array();
  #bootId: string | undefined;
  /** As text, of the second that was written last. */
  #second = -1;
  #secondText: Uint8Array = new Uint8Array();
  #offset: bigint | undefined;
  #offsetSeconds = 0;
  #offsetRest = 0;
  readonly #byBits = new Map<number, Uint8Array>();
  readonly #signals = new Map<number, Uint8Array>();
  readonly #errors = new Map<number, Uint8Array>();

  /** One line, of what is a record in the batch and was not made an object. */
  write(batch: EventBatch, index: number): void {
    this.#prepare(batch);
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
    this.#common(START.fork, batch, place);
    this.#fields.number(KEY.childPid, words[at + FORK.child_tgid]!);
    this.#fields.u64(KEY.childStartTime, words, at + FORK.child_start_boottime);
    this.#fields.number(KEY.uid, words[at + FORK.uid]!);
    this.#ids(batch, index, at);
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
    this.#common(START.exec, batch, place);
    this.#fields.bytes(KEY.filename, bytes, filenameAt, argvAt);
    this.#fields.list(KEY.argv, bytes, argvAt, argvEnd);
    this.#fields.flag(KEY.argvTruncated, (flags & ARGV_CUT) !== 0);
    this.#fields.number(KEY.uid, words[at + EXEC.uid]!);
    this.#fields.number(KEY.gid, words[at + EXEC.gid]!);
    this.#fields.u64(KEY.cgroupId, words, at + EXEC.cgroup_id);
    this.#fields.text(KEY.containerId, batch.cgroupAt(index)?.containerId);
    this.#fields.number(KEY.nsMnt, words[at + EXEC.mount_namespace]!);
    this.#fields.number(KEY.nsPid, words[at + EXEC.pid_namespace]!);
    if ((flags & recordFlags.RECORD_HAS_DETAIL) !== 0) {
      const exeEnd = environEnd + words[at + EXEC.exe_length]!;
      const cwdEnd = exeEnd + words[at + EXEC.cwd_length]!;
      const interpreterEnd = cwdEnd + words[at + EXEC.interpreter_length]!;
      this.#fields.path(KEY.exe, bytes, environEnd, exeEnd);
      this.#fields.flag(KEY.exeTruncated, (flags & recordFlags.RECORD_EXE_TRUNCATED) !== 0);
      this.#fields.path(KEY.cwd, bytes, exeEnd, cwdEnd);
      this.#fields.flag(KEY.cwdTruncated, (flags & recordFlags.RECORD_CWD_TRUNCATED) !== 0);
      this.#fields.u64(KEY.exeInode, words, at + EXEC.exe_inode);
      this.#fields.text(KEY.exeDevice, deviceOf(words[at + EXEC.exe_device]!));
      this.#fields.number(KEY.effectiveUid, words[at + EXEC.effective_uid]!);
      this.#fields.number(KEY.effectiveGid, words[at + EXEC.effective_gid]!);
      this.#fields.number(KEY.loginUid, words[at + EXEC.login_uid]!, NO_LOGIN);
      this.#fields.number(KEY.sessionId, words[at + EXEC.session_id]!);
      const tty = words[at + EXEC.tty]!;
      this.#fields.text(KEY.tty, tty === 0 ? null : deviceOf(tty));
      out.raw(KEY.marks);
      out.raw(remembered(this.#byBits, words[at + EXEC.exec_flags]!, execFlagsOf));
      if (cwdEnd === interpreterEnd) this.#fields.text(KEY.interpreter, null);
      else this.#fields.bytes(KEY.interpreter, bytes, cwdEnd, interpreterEnd);
    }
    if ((flags & recordFlags.RECORD_HAS_ENVIRON) !== 0) {
      this.#fields.list(KEY.environ, bytes, argvEnd, environEnd);
      this.#fields.flag(KEY.environTruncated, (flags & recordFlags.RECORD_ENVIRON_TRUNCATED) !== 0);
    }
    this.#ids(batch, index, at);
  }

  #exit(batch: EventBatch, index: number): void {
    const { out } = this;
    const { words, memory } = batch;
    const { bytes } = memory;
    const place = batch.placeAt(index);
    const at = place >>> 2;
    const program = batch.programAt(index);
    const status = words[at + EXIT.exit_code]!;
    this.#common(START.exit, batch, place);
    if (program === undefined || program.filenameEnd < 0) this.#fields.text(KEY.filename, null);
    else this.#fields.bytes(KEY.filename, bytes, program.filenameAt, program.filenameEnd);
    if (program === undefined || program.argvEnd < 0) this.#fields.text(KEY.argv, null);
    else this.#fields.list(KEY.argv, bytes, program.argvAt, program.argvEnd);
    this.#fields.flag(KEY.argvTruncated, program?.argvTruncated ?? false);
    this.#fields.number(KEY.uid, words[at + EXIT.uid]!);
    this.#fields.u64(KEY.cgroupId, words, at + EXIT.cgroup_id);
    this.#fields.text(KEY.containerId, batch.cgroupAt(index)?.containerId);
    this.#fields.number(KEY.exitCode, (status >>> 8) & 0xff);
    out.raw(KEY.signal);
    out.raw(remembered(this.#signals, status & 0x7f, signalName));
    this.#fields.flag(KEY.coreDumped, (status & 0x80) !== 0);
    this.#lifetime(words, at);
    this.#ids(batch, index, at);
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
    this.#common(START.failed, batch, place);
    out.raw(KEY.error);
    out.raw(remembered(this.#errors, words[at + FAILED.error]!, errnoName));
    if ((flags & recordFlags.RECORD_FILENAME_UNREADABLE) !== 0)
      this.#fields.text(KEY.filename, null);
    else this.#fields.bytes(KEY.filename, bytes, filenameAt, argvAt);
    this.#fields.list(KEY.argv, bytes, argvAt, argvEnd);
    this.#fields.flag(KEY.argvTruncated, (flags & ARGV_CUT) !== 0);
    this.#fields.number(KEY.uid, words[at + FAILED.uid]!);
    this.#fields.number(KEY.gid, words[at + FAILED.gid]!);
    this.#fields.u64(KEY.cgroupId, words, at + FAILED.cgroup_id);
    this.#fields.text(KEY.containerId, batch.cgroupAt(index)?.containerId);
    this.#ids(batch, index, at);
  }

  /** What every line begins with. */
  #common(start: Uint8Array, { words, memory: { bytes } }: EventBatch, place: number): void {
    const { out } = this;
    const at = place >>> 2;
    out.reserve(FIXED_BYTES);
    out.raw(start);
    this.#time(words[at + HEADER.time_ns]!, words[at + HEADER.time_ns + 1]!);
    out.raw(KEY.pid);
    this.#pidFrom = out.length;
    out.number(words[at + HEADER.tgid]!);
    this.#pidTo = out.length;
    this.#fields.number(KEY.tid, words[at + HEADER.tid]!);
    this.#fields.number(KEY.ppid, words[at + HEADER.parent_tgid]!);
    out.raw(KEY.startTime);
    out.byte(QUOTE);
    this.#startFrom = out.length;
    out.u64(words[at + HEADER.start_boottime]!, words[at + HEADER.start_boottime + 1]!);
    this.#startTo = out.length;
    out.byte(QUOTE);
    this.#fields.number(KEY.execId, wholeNumber(words, at + HEADER.exec_id));
    out.raw(KEY.comm);
    const commAt = place + COMM_AT;
    let end = commAt;
    while (end < commAt + COMM_BYTES && bytes[end] !== 0) end++;
    out.jsonBytes(bytes, commAt, end, commText);
  }

  /** And ends with. */
  #ids(batch: EventBatch, index: number, at: number): void {
    const { out } = this;
    const { words } = batch;
    out.reserve(FIXED_BYTES);
    this.#fields.text(KEY.parentComm, batch.parentCommAt(index));
    out.raw(KEY.processId);
    out.byte(QUOTE);
    out.raw(this.#boot);
    out.byte(DASH);
    out.again(this.#pidFrom, this.#pidTo);
    out.byte(DASH);
    out.again(this.#startFrom, this.#startTo);
    out.byte(DASH);
    out.number(wholeNumber(words, at + HEADER.exec_id));
    out.byte(QUOTE);
    this.#parentId(words, at);
    out.raw(LINE_END);
  }

  #parentId(words: Uint32Array, at: number): void {
    const { out } = this;
    const pid = words[at + HEADER.parent_tgid]!;
    const low = words[at + HEADER.parent_start_boottime]!;
    const high = words[at + HEADER.parent_start_boottime + 1]!;
    const execId = wholeNumber(words, at + HEADER.parent_exec_id);
    if (
      pid === this.#parentPid &&
      low === this.#parentStartLow &&
      high === this.#parentStartHigh &&
      execId === this.#parentExecId
    ) {
      out.raw(this.#parent);
      return;
    }
    const from = out.length;
    out.raw(KEY.parentProcessId);
    out.byte(QUOTE);
    out.raw(this.#boot);
    out.byte(DASH);
    out.number(pid);
    out.byte(DASH);
    out.u64(low, high);
    out.byte(DASH);
    out.number(execId);
    out.byte(QUOTE);
    // Copied: a Buffer's slice() is the same memory.
    this.#parent = new Uint8Array(out.bytes.subarray(from, out.length));
    this.#parentPid = pid;
    this.#parentStartLow = low;
    this.#parentStartHigh = high;
    this.#parentExecId = execId;
  }

  #prepare({ context }: EventBatch): void {
    if (context === undefined) return;
    const { bootId, realtimeOffset } = context;
    if (bootId !== this.#bootId) {
      this.#bootId = bootId;
      this.#boot = rawBytes(bootId);
      this.#parentPid = -1;
    }
    if (realtimeOffset === this.#offset) return;
    this.#offset = realtimeOffset;
    // Floored, so that the rest counts forward.
    const rest = ((realtimeOffset % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
    this.#offsetRest = Number(rest);
    this.#offsetSeconds = Number((realtimeOffset - rest) / 1_000_000_000n);
  }

  /** Of a boot time, as RFC 3339. */
  #time(low: number, high: number): void {
    const { out } = this;
    let second = billionsOf(low, high) + this.#offsetSeconds;
    let rest = restOf(low, high) + this.#offsetRest;
    if (rest >= BILLION) {
      rest -= BILLION;
      second++;
    }
    if (second !== this.#second) {
      this.#second = second;
      this.#secondText = rawBytes(new Date(second * 1000).toISOString().slice(0, 20));
    }
    out.raw(this.#secondText);
    out.nineDigits(rest);
    out.raw(TIME_END);
  }

  #lifetime(words: Uint32Array, at: number): void {
    const { out } = this;
    const low = words[at + HEADER.time_ns]! - words[at + HEADER.start_boottime]!;
    const high = words[at + HEADER.time_ns + 1]! - words[at + HEADER.start_boottime + 1]!;
    const lifetime = high * TWO_TO_32 + low;
    out.raw(KEY.lifetimeNs);
    out.byte(QUOTE);
    if (lifetime >= 0 && lifetime < Number.MAX_SAFE_INTEGER) out.number(lifetime);
    else out.text(String((BigInt(high) << 32n) + BigInt(low)));
    out.byte(QUOTE);
  }
}

/** Places of fields in words of 32 bits. */
function inWords<Field extends string>(
  offsets: Readonly<Record<Field, number>>,
): Readonly<Record<Field, number>> {
  const places = Object.entries<number>(offsets).map(([field, at]) => [field, at >>> 2]);
  return Object.fromEntries(places) as Record<Field, number>;
}

function flagsAt(bytes: Uint8Array, place: number): number {
  return bytes[place + FLAGS_AT]! | (bytes[place + FLAGS_AT + 1]! << 8);
}

/** As u53 of @waggle/bpf. */
function wholeNumber(words: Uint32Array, at: number): number {
  return words[at]! + words[at + 1]! * TWO_TO_32;
}

function commText(bytes: Uint8Array, from: number, to: number): string {
  return textAt(bytes, from, to - from);
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
