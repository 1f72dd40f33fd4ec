/**
 * The fields of each kind of event, as `trace --json` writes them: what is read of a line, and the columns
 * of what is written. A field that a recording lacks is null: those of older versions have fewer.
 */

/** How a field's value is held in JSON. `u64` is a numeral, since JSON's readers have only doubles. */
export type FieldType = 'text' | 'number' | 'u64' | 'flag' | 'list';

interface Field {
  readonly type: FieldType;
  /** Without it a line is no such event. */
  readonly required?: true;
}

const must = <const Type extends FieldType>(type: Type) => ({ type, required: true }) as const;
const may = <const Type extends FieldType>(type: Type) => ({ type }) as const;

const WHO = {
  time: must('text'),
  pid: must('number'),
  tid: may('number'),
  ppid: may('number'),
  startTime: must('u64'),
  execId: may('number'),
  comm: must('text'),
} as const;

const IDS = {
  parentComm: may('text'),
  processId: may('text'),
  parentProcessId: may('text'),
  eventId: may('text'),
} as const;

const WITHHELD = { time: must('text'), count: must('number') } as const;

export const EVENT_FIELDS = {
  fork: {
    ...WHO,
    childPid: must('number'),
    childStartTime: may('u64'),
    uid: may('number'),
    ...IDS,
  },
  exec: {
    ...WHO,
    filename: may('text'),
    argv: may('list'),
    argvTruncated: may('flag'),
    uid: may('number'),
    gid: may('number'),
    cgroupId: may('u64'),
    containerId: may('text'),
    nsMnt: may('number'),
    nsPid: may('number'),
    exe: may('text'),
    exeTruncated: may('flag'),
    cwd: may('text'),
    cwdTruncated: may('flag'),
    exeInode: may('u64'),
    exeDevice: may('text'),
    effectiveUid: may('number'),
    effectiveGid: may('number'),
    loginUid: may('number'),
    sessionId: may('number'),
    tty: may('text'),
    marks: may('list'),
    interpreter: may('text'),
    stdio: may('list'),
    environ: may('list'),
    environTruncated: may('flag'),
    ...IDS,
  },
  exit: {
    ...WHO,
    filename: may('text'),
    argv: may('list'),
    argvTruncated: may('flag'),
    uid: may('number'),
    cgroupId: may('u64'),
    containerId: may('text'),
    exitCode: must('number'),
    signal: may('text'),
    coreDumped: may('flag'),
    lifetimeNs: must('u64'),
    userNs: may('u64'),
    systemNs: may('u64'),
    maxRssBytes: may('u64'),
    majorFaults: may('number'),
    readBytes: may('u64'),
    writeBytes: may('u64'),
    voluntarySwitches: may('number'),
    involuntarySwitches: may('number'),
    ...IDS,
  },
  'failed-exec': {
    ...WHO,
    error: must('text'),
    filename: may('text'),
    argv: may('list'),
    argvTruncated: may('flag'),
    uid: may('number'),
    gid: may('number'),
    cgroupId: may('u64'),
    containerId: may('text'),
    ...IDS,
  },
  // What is missing: the ring buffer was full, a rate limit, too many processes to follow.
  lost: WITHHELD,
  limited: WITHHELD,
  untracked: WITHHELD,
} as const satisfies Readonly<Record<string, Readonly<Record<string, Field>>>>;

export type EventName = keyof typeof EVENT_FIELDS;

export const EVENT_NAMES = Object.keys(EVENT_FIELDS) as readonly EventName[];

const FIELD_LISTS: ReadonlyMap<EventName, readonly (readonly [string, Field])[]> = new Map(
  EVENT_NAMES.map((name) => [name, Object.entries<Field>(EVENT_FIELDS[name])]),
);

/** Name and type of each field of an event, in the order of its line. */
export function fieldsOf(name: EventName): readonly (readonly [string, Field])[] {
  return FIELD_LISTS.get(name) ?? [];
}
