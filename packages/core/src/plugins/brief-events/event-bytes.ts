/**
 * Events as bytes, for who keeps the last thousands and looks at few: where they are is the keeper's, and nothing is
 * decoded until one of them is read. What is an object already stays one.
 */

import { type RecordMemory, recordHeader, u53 } from '@waggle/bpf';
import { EventBatch, type EventContext, type ProcessEvent } from '@waggle/events';
import type { BriefEvents } from './brief-events.ts';

const AT = recordHeader.offset;
/** A header before the record: lengths of the program's name and arguments (-1: unknown), and whether they are there. */
const FILENAME_AT = 0;
const ARGV_AT = 4;
const PROGRAM_AT = 8;
const HAS_PROGRAM = 1;
const IS_CUT = 2;
const HEAD_BYTES = 16;

export class EventBytes {
  #context: EventContext | undefined;
  readonly #reader = new EventBatch();

  /** Bytes of an event; 0 for one that is an object. */
  lengthOf(events: BriefEvents, index: number): number {
    const [batch, at] = events.sourceOf(index);
    if (batch.isMade(at)) return 0;
    const program = batch.programAt(at);
    const ran =
      program === undefined
        ? 0
        : length(program.filenameAt, program.filenameEnd) + length(program.argvAt, program.argvEnd);
    return HEAD_BYTES + sizeOf(batch, at) + ran;
  }

  /** Writes as many bytes as `lengthOf` says. */
  write(events: BriefEvents, index: number, target: RecordMemory, place: number): void {
    const [batch, at] = events.sourceOf(index);
    const { bytes } = batch.memory;
    const program = batch.programAt(at);
    const { view } = target;
    this.#context = batch.context;
    view.setInt32(
      place + FILENAME_AT,
      program === undefined || program.filenameEnd < 0
        ? -1
        : program.filenameEnd - program.filenameAt,
      true,
    );
    view.setInt32(
      place + ARGV_AT,
      program === undefined || program.argvEnd < 0 ? -1 : program.argvEnd - program.argvAt,
      true,
    );
    const isCut = program?.argvTruncated === true ? IS_CUT : 0;
    view.setUint32(place + PROGRAM_AT, program === undefined ? 0 : HAS_PROGRAM | isCut, true);
    const record = batch.placeAt(at);
    let to = place + HEAD_BYTES;
    const copy = (from: number, end: number): void => {
      if (end <= from) return;
      target.bytes.set(bytes.subarray(from, end), to);
      to += end - from;
    };
    copy(record, record + sizeOf(batch, at));
    if (program === undefined) return;
    copy(program.filenameAt, program.filenameEnd);
    copy(program.argvAt, program.argvEnd);
  }

  /**
   * The event that was written there, by the wall clock and the cgroups of the last that was written.
   * @param parentComm what no record says
   * @throws RangeError where none was written
   */
  read(source: RecordMemory, place: number, parentComm: string | null): ProcessEvent {
    const { view, bytes } = source;
    const record = place + HEAD_BYTES;
    const size = view.getUint32(record + AT.size, true);
    const filename = view.getInt32(place + FILENAME_AT, true);
    const argv = view.getInt32(place + ARGV_AT, true);
    const ran = Math.max(filename, 0) + Math.max(argv, 0);
    const batch = this.#reader;
    batch.clear();
    batch.context = this.#context;
    const type = view.getUint16(record + AT.type, true);
    const cgroup = this.#context?.cgroups.find(u53(view, record + AT.cgroup_key));
    batch.add(type, source, record, size, cgroup);
    batch.setParentComm(0, parentComm);
    const facts = view.getUint32(place + PROGRAM_AT, true);
    if ((facts & HAS_PROGRAM) !== 0) {
      const at = batch.append(bytes, record + size, record + size + ran);
      const argvAt = at + Math.max(filename, 0);
      batch.setProgram(0, {
        filenameAt: at,
        filenameEnd: filename < 0 ? -1 : argvAt,
        argvAt,
        argvEnd: argv < 0 ? -1 : argvAt + argv,
        argvTruncated: (facts & IS_CUT) !== 0,
      });
    }
    return batch.at(0) as ProcessEvent;
  }
}

function sizeOf(batch: EventBatch, at: number): number {
  return batch.memory.view.getUint32(batch.placeAt(at) + AT.size, true);
}

const length = (from: number, end: number): number => Math.max(end - from, 0);
