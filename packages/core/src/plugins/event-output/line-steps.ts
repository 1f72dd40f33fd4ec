/**
 * What the JSON line of each kind of record is made of, as steps that C takes (@waggle/ffi, LineWriter): where a field
 * is in the record, and how it is written. Which fields there are, and in which order, is in event-fields.ts;
 * a property test holds both to each other (record-json.test.ts). Numbers and texts that a record has as they are come
 * from the tables of its event: they need no line here.
 */

import {
  ExecRecordReader,
  execRecord,
  exitRecord,
  failedExecRecord,
  forkRecord,
  recordFlags,
  recordHeader,
} from '@waggle/bpf';
import {
  ARGV_CUT,
  EXEC_DETAIL_NUMBERS,
  EXEC_DETAIL_TEXTS,
  EXEC_NUMBERS,
  NO_LOGIN,
  type NumberFields,
  nameOfCut,
  namesOf,
  type TextField,
} from '@waggle/events';
import { lineForm as form, type LineStep } from '@waggle/ffi';
import { KEY } from './event-fields.ts';

/** JSON that comes beside the record. */
export const PIECE = {
  parentComm: 0,
  containerId: 1,
  meaning: 2,
  argvTruncated: 3,
  argv: 4,
} as const;
/** Bytes that do. */
export const OTHER = { filename: 0, argv: 1 } as const;

type Steps = readonly LineStep[];
type Name = keyof typeof KEY;

const HEADER = recordHeader.offset;
const FORK = forkRecord.offset;
const EXEC = execRecord.offset;
const EXIT = exitRecord.offset;
const FAILED = failedExecRecord.offset;
const COMM_BYTES = 16;
const CORE_DUMPED = 0x80;
const STATUS_BITS = 8;
const ANY = 0xffff_ffff;

const of = (kind: number, name: Name, field: number, extra?: number): LineStep => ({
  form: kind,
  name: KEY[name],
  field,
  extra,
});
const u32 = (name: Name, field: number) => of(form.U32, name, field);
const u53 = (name: Name, field: number) => of(form.U53, name, field);
const u64 = (name: Name, field: number) => of(form.U64, name, field);
const piece = (name: Name, number: number) => of(form.PIECE, name, 0, number);
const text = (words: string): LineStep => ({ form: form.NAME, name: words });
/** Flags are 16 bits, and what is behind them is none of `mask`. */
const flag = (name: Name, mask: number) => of(form.FLAG, name, HEADER.flags, mask);
const skip = (field: number): LineStep => ({ form: form.SKIP, field });
const payload = (field: number): LineStep => ({ form: form.PAYLOAD, field });

/** Where the word has one of these bits. */
const where = (field: number, extra: number, steps: Steps): Steps => [
  { form: form.LEAVE_OUT_UNLESS, field, extra, more: steps.length },
  ...steps,
];
const unless = (field: number, extra: number, steps: Steps): Steps => [
  { form: form.LEAVE_OUT_IF, field, extra, more: steps.length },
  ...steps,
];

const OWN_ID = { field: HEADER.tgid, extra: HEADER.start_boottime, more: HEADER.exec_id };
const PARENT_ID = {
  field: HEADER.parent_tgid,
  extra: HEADER.parent_start_boottime,
  more: HEADER.parent_exec_id,
};

function line(event: string, fields: Steps, what: Steps): Steps {
  return [
    { form: form.TIME, name: `{"event":"${event}","time":"`, field: HEADER.time_ns },
    { form: form.U32, name: `"${KEY.pid}`, field: HEADER.tgid },
    u32('tid', HEADER.tid),
    u32('ppid', HEADER.parent_tgid),
    u64('startTime', HEADER.start_boottime),
    u53('execId', HEADER.exec_id),
    of(form.NAMED, 'comm', HEADER.comm, COMM_BYTES),
    ...fields,
    piece('parentComm', PIECE.parentComm),
    { form: form.ID, name: `${KEY.processId}"`, ...OWN_ID },
    { form: form.ID, name: `"${KEY.parentProcessId}"`, ...PARENT_ID },
    // What it says behind the process's id: events/fields/event-ids.ts.
    { form: form.ID, name: `"${KEY.eventId}"`, ...OWN_ID },
    ...what,
    text('"}\n'),
  ];
}

const FORK_LINE = line(
  'fork',
  [
    u32('childPid', FORK.child_tgid),
    u64('childStartTime', FORK.child_start_boottime),
    u32('uid', FORK.uid),
  ],
  [
    { form: form.U32, name: '-fork-', field: FORK.child_tgid },
    { form: form.U64_BARE, name: '-', field: FORK.child_start_boottime },
  ],
);

/** As C calls what a reader has. */
function fieldOf(name: string): number {
  const inC = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return EXEC[inC as keyof typeof EXEC];
}

/** Numbers of an exec: how long they are is told by the largest that the reader takes from such a field. */
function numbers(fields: NumberFields<ExecRecordReader>): Steps {
  const bytes = new Uint8Array(execRecord.size).fill(0xff);
  const reader = new ExecRecordReader().at({ bytes, view: new DataView(bytes.buffer) }, 0);
  return namesOf(fields).map((name) => {
    const from = fields[name]!;
    const largest = reader[from];
    const field = fieldOf(from);
    if (typeof largest === 'bigint') return u64(name as Name, field);
    return (largest > ANY ? u53 : u32)(name as Name, field);
  });
}

const DETAIL_TEXTS: Steps = namesOf(EXEC_DETAIL_TEXTS).flatMap((name) => {
  const { length, form: kind, cut }: TextField<ExecRecordReader> = EXEC_DETAIL_TEXTS[name];
  const value = of(kind === 'path' ? form.PATH : form.TEXT_OR_NULL, name, fieldOf(length));
  return cut === undefined ? [value] : [value, flag(nameOfCut(name) as Name, cut)];
});

/** @param argv how the arguments are written, and read over */
const execLine = (argv: Steps) =>
  line(
    'exec',
    [
      payload(EXEC.payload),
      of(form.TEXT, 'filename', EXEC.filename_length),
      ...argv,
      flag('argvTruncated', ARGV_CUT),
      u32('uid', EXEC.uid),
      u32('gid', EXEC.gid),
      u64('cgroupId', EXEC.cgroup_id),
      piece('containerId', PIECE.containerId),
      ...numbers(EXEC_NUMBERS),
      ...where(HEADER.flags, recordFlags.RECORD_HAS_DETAIL, [
        skip(EXEC.environ_length),
        ...DETAIL_TEXTS,
        of(form.DEVICE, 'exeDevice', EXEC.exe_device),
        ...numbers(EXEC_DETAIL_NUMBERS),
        of(form.U32_OR_NULL, 'loginUid', EXEC.login_uid, NO_LOGIN),
        of(form.DEVICE_OR_NULL, 'tty', EXEC.tty),
        piece('marks', PIECE.meaning),
        of(form.STANDARD_FILES, 'stdio', EXEC.stdin_state),
      ]),
      ...where(HEADER.flags, recordFlags.RECORD_HAS_ENVIRON, [
        payload(EXEC.payload),
        skip(EXEC.filename_length),
        skip(EXEC.argv_length),
        of(form.LIST, 'environ', EXEC.environ_length),
        flag('environTruncated', recordFlags.RECORD_ENVIRON_TRUNCATED),
      ]),
    ],
    [text('-exec')],
  );

const exitLine = (argv: LineStep) =>
  line(
    'exit',
    [
      of(form.OTHER_TEXT, 'filename', 0, OTHER.filename),
      argv,
      piece('argvTruncated', PIECE.argvTruncated),
      u32('uid', EXIT.uid),
      u64('cgroupId', EXIT.cgroup_id),
      piece('containerId', PIECE.containerId),
      of(form.BITS, 'exitCode', EXIT.exit_code, STATUS_BITS),
      piece('signal', PIECE.meaning),
      of(form.FLAG, 'coreDumped', EXIT.exit_code, CORE_DUMPED),
      of(form.SINCE, 'lifetimeNs', HEADER.time_ns, HEADER.start_boottime),
      u64('userNs', EXIT.user_ns),
      u64('systemNs', EXIT.system_ns),
      u64('maxRssBytes', EXIT.max_rss_bytes),
      u53('majorFaults', EXIT.major_faults),
      ...unless(HEADER.flags, recordFlags.RECORD_WITHOUT_IO, [
        u64('readBytes', EXIT.read_bytes),
        u64('writeBytes', EXIT.write_bytes),
      ]),
      ...where(HEADER.flags, recordFlags.RECORD_WITHOUT_IO, [
        text(`${KEY.readBytes}null`),
        text(`${KEY.writeBytes}null`),
      ]),
      u53('voluntarySwitches', EXIT.voluntary_switches),
      u53('involuntarySwitches', EXIT.involuntary_switches),
    ],
    [text('-exit')],
  );

const FAILED_LINE = line(
  'failed-exec',
  [
    piece('error', PIECE.meaning),
    payload(FAILED.payload),
    ...unless(HEADER.flags, recordFlags.RECORD_FILENAME_UNREADABLE, [
      of(form.TEXT, 'filename', FAILED.filename_length),
    ]),
    ...where(HEADER.flags, recordFlags.RECORD_FILENAME_UNREADABLE, [
      text(`${KEY.filename}null`),
      skip(FAILED.filename_length),
    ]),
    of(form.LIST, 'argv', FAILED.argv_length),
    flag('argvTruncated', ARGV_CUT),
    u32('uid', FAILED.uid),
    u32('gid', FAILED.gid),
    u64('cgroupId', FAILED.cgroup_id),
    piece('containerId', PIECE.containerId),
  ],
  [
    ...where(FAILED.cursor, ANY, [{ form: form.U32, name: '-failed-', field: FAILED.cursor }]),
    ...unless(FAILED.cursor, ANY, [
      { form: form.U64_BARE, name: '-failed@', field: HEADER.time_ns },
    ]),
  ],
);

export interface LineSteps {
  readonly fork: Steps;
  readonly exec: Steps;
  readonly exit: Steps;
  /** Undefined: it is made of the event. */
  readonly failed: Steps | undefined;
}

export const LINE_STEPS: LineSteps = {
  fork: FORK_LINE,
  exec: execLine([of(form.LIST, 'argv', EXEC.argv_length)]),
  exit: exitLine(of(form.OTHER_LIST, 'argv', 0, OTHER.argv)),
  failed: FAILED_LINE,
};

/** The same with arguments that are a piece. */
export const HIDING_STEPS: LineSteps = {
  fork: FORK_LINE,
  exec: execLine([piece('argv', PIECE.argv), skip(EXEC.argv_length)]),
  exit: exitLine(piece('argv', PIECE.argv)),
  failed: undefined,
};
