/**
 * What every JSON line of a record begins and ends with: when, which image of which process, whose child. An id
 * is formatted once: its digits are copied inside of the line, and neighbours mostly have their parent and their
 * second in common.
 */

import { recordHeader, textAt } from '@waggle/bpf';
import type { EventBatch } from '@waggle/events';
import { type ByteWriter, billionsOf, rawBytes, restOf } from '@waggle/text';
import { KEY } from './event-fields.ts';
import { FIXED_BYTES, type JsonFields } from './json-fields.ts';
import { inWords, TWO_TO_32, wholeNumber } from './record-words.ts';

const COMM_BYTES = 16;
const BILLION = 1_000_000_000;
const DASH = 45;
const QUOTE = 34;

const HEADER = inWords(recordHeader.offset);
const COMM_AT = recordHeader.offset.comm;

const ID_END = rawBytes('"}\n');
const TIME_END = rawBytes('Z"');

export class RecordLine {
  readonly #out: ByteWriter;
  readonly #fields: JsonFields;
  /** Where the digits of the process's id begin and end, for processId. */
  #pidFrom = 0;
  #pidTo = 0;
  #startFrom = 0;
  #startTo = 0;
  /** And the id itself. */
  #idFrom = 0;
  #idTo = 0;
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

  constructor(out: ByteWriter, fields: JsonFields) {
    this.#out = out;
    this.#fields = fields;
  }

  /** Before the lines of each batch. */
  prepare({ context }: EventBatch): void {
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

  /** @param start the line up to the time's first digit. */
  begin(start: Uint8Array, { words, memory: { bytes } }: EventBatch, place: number): void {
    const out = this.#out;
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

  /** From the process's start to the record. */
  lifetime(words: Uint32Array, at: number): void {
    const out = this.#out;
    const low = words[at + HEADER.time_ns]! - words[at + HEADER.start_boottime]!;
    const high = words[at + HEADER.time_ns + 1]! - words[at + HEADER.start_boottime + 1]!;
    const lifetime = high * TWO_TO_32 + low;
    out.raw(KEY.lifetimeNs);
    out.byte(QUOTE);
    if (lifetime >= 0 && lifetime < Number.MAX_SAFE_INTEGER) out.number(lifetime);
    else out.text(String((BigInt(high) << 32n) + BigInt(low)));
    out.byte(QUOTE);
  }

  /** Up to the event's id, which says what of the process it is: `-exec`. What makes it whole is written then. */
  end(batch: EventBatch, index: number, at: number, what: Uint8Array): void {
    const out = this.#out;
    const { words } = batch;
    out.reserve(FIXED_BYTES);
    this.#fields.text(KEY.parentComm, batch.parentCommAt(index));
    out.raw(KEY.processId);
    out.byte(QUOTE);
    this.#idFrom = out.length;
    out.raw(this.#boot);
    out.byte(DASH);
    out.again(this.#pidFrom, this.#pidTo);
    out.byte(DASH);
    out.again(this.#startFrom, this.#startTo);
    out.byte(DASH);
    out.number(wholeNumber(words, at + HEADER.exec_id));
    this.#idTo = out.length;
    out.byte(QUOTE);
    this.#parentId(words, at);
    out.raw(KEY.eventId);
    out.byte(QUOTE);
    out.again(this.#idFrom, this.#idTo);
    out.raw(what);
  }

  close(): void {
    this.#out.raw(ID_END);
  }

  #parentId(words: Uint32Array, at: number): void {
    const out = this.#out;
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

  /** Of a boot time, as RFC 3339. */
  #time(low: number, high: number): void {
    const out = this.#out;
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
}

function commText(bytes: Uint8Array, from: number, to: number): string {
  return textAt(bytes, from, to - from);
}
