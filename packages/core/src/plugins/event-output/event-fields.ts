/**
 * Which fields the JSON line of an event has, and in which order. EventJson makes a line of an event by these
 * lists; LINE_STEPS has the names from here and writes the values from bytes (line-steps.ts). Numbers and texts that
 * a record has as they are come from the tables of its event: they need no line here.
 */

import {
  EXEC_DETAIL_NUMBERS,
  EXEC_DETAIL_TEXTS,
  EXEC_NUMBERS,
  type ExecDetail,
  namesOf,
  namesOfTexts,
  type ProcessEvent,
} from '@waggle/events';
import type { EventKind } from '@waggle/kernel';

type FieldOf<Kind extends EventKind> = keyof Extract<ProcessEvent, { readonly event: Kind }>;
/** The event's `flags` are `marks` in JSON. */
type DetailField = Exclude<keyof ExecDetail, 'flags'> | 'marks';

const PROCESS = ['pid', 'tid', 'ppid', 'startTime', 'execId', 'comm'] as const;
const CALL = ['filename', 'argv', 'argvTruncated'] as const;
const PLACE = ['cgroupId', 'containerId'] as const;

/** Behind `event` and `time`. */
export const EVENT_FIELDS = {
  fork: [...PROCESS, 'childPid', 'childStartTime', 'uid'],
  exec: [...PROCESS, ...CALL, 'uid', 'gid', ...PLACE, ...namesOf(EXEC_NUMBERS)],
  exit: [
    ...[...PROCESS, ...CALL, 'uid', ...PLACE],
    ...(['exitCode', 'signal', 'coreDumped', 'lifetimeNs'] as const),
    ...(['userNs', 'systemNs', 'maxRssBytes', 'majorFaults', 'readBytes', 'writeBytes'] as const),
    ...(['voluntarySwitches', 'involuntarySwitches'] as const),
  ],
  'failed-exec': [...PROCESS, 'error', ...CALL, 'uid', 'gid', ...PLACE],
} as const satisfies { readonly [Kind in EventKind]: readonly FieldOf<Kind>[] };

/** Of an exec too, where the session has them. */
export const EXEC_DETAIL_FIELDS = [
  ...namesOfTexts(EXEC_DETAIL_TEXTS),
  'exeDevice',
  ...namesOf(EXEC_DETAIL_NUMBERS),
  ...(['loginUid', 'tty', 'marks', 'stdio'] as const),
] as const satisfies readonly DetailField[];
export const ENVIRON_FIELDS = ['environ', 'environTruncated'] as const;

/** Of all kinds, at the end. */
export const LAST_FIELDS = ['parentComm', 'processId', 'parentProcessId', 'eventId'] as const;

const NAMES = [
  ...new Set([
    ...[...EVENT_FIELDS.fork, ...EVENT_FIELDS.exec, ...EVENT_FIELDS.exit],
    ...EVENT_FIELDS['failed-exec'],
    ...[...EXEC_DETAIL_FIELDS, ...ENVIRON_FIELDS, ...LAST_FIELDS],
  ]),
];

/** A field's name with what stands before and behind it. */
export const KEY = Object.fromEntries(NAMES.map((name) => [name, `,"${name}":`])) as Readonly<
  Record<(typeof NAMES)[number], string>
>;
