// The part of an exec record that is there on request. Paths come as components, leaf first, as
// the kernel can walk them; here they are turned round.

import { execMarks, execRecord, recordFlags } from '../generated/layouts.ts';
import type { RecordMemory } from './decode.ts';
import type { ExecDetail, ExecMark } from './record.ts';
import { decodeBytes } from './text.ts';

const EXEC = execRecord.offset;
/** loginuid of a process that no login led to: (uid_t) -1. */
const NO_LOGIN = 0xffff_ffff;
/** dev_t inside the kernel (include/linux/kdev_t.h). */
const MINOR_BITS = 20;

const MARKS: readonly (readonly [ExecMark, number])[] = [
  ['setuid', execMarks.EXEC_SETUID],
  ['setgid', execMarks.EXEC_SETGID],
  ['privileged', execMarks.EXEC_PRIVILEGED],
  ['memfd', execMarks.EXEC_MEMFD],
  ['deleted', execMarks.EXEC_DELETED],
  ['script', execMarks.EXEC_SCRIPT],
];

const NO_MARKS: readonly ExecMark[] = [];

function marksOf(bits: number): readonly ExecMark[] {
  return MARKS.flatMap(([mark, bit]) => ((bits & bit) === 0 ? [] : [mark]));
}

/** @param at where the components of the executable's path begin. */
export function decodeExecDetail(
  { bytes, view }: RecordMemory,
  offset: number,
  flags: number,
  at: number,
): ExecDetail {
  const exeEnd = at + view.getUint32(offset + EXEC.exe_length, true);
  const cwdEnd = exeEnd + view.getUint32(offset + EXEC.cwd_length, true);
  const interpreterEnd = cwdEnd + view.getUint32(offset + EXEC.interpreter_length, true);
  const loginUid = view.getUint32(offset + EXEC.login_uid, true);
  const tty = view.getUint32(offset + EXEC.tty, true);
  const marks = view.getUint32(offset + EXEC.marks, true);
  return {
    exe: pathOf(bytes, at, exeEnd),
    exeTruncated: (flags & recordFlags.RECORD_EXE_TRUNCATED) !== 0,
    exeInode: view.getBigUint64(offset + EXEC.exe_inode, true),
    exeDevice: deviceOf(view.getUint32(offset + EXEC.exe_device, true)),
    cwd: pathOf(bytes, exeEnd, cwdEnd),
    cwdTruncated: (flags & recordFlags.RECORD_CWD_TRUNCATED) !== 0,
    effectiveUid: view.getUint32(offset + EXEC.effective_uid, true),
    effectiveGid: view.getUint32(offset + EXEC.effective_gid, true),
    loginUid: loginUid === NO_LOGIN ? undefined : loginUid,
    sessionId: view.getUint32(offset + EXEC.session_id, true),
    tty: tty === 0 ? undefined : deviceOf(tty),
    marks: marks === 0 ? NO_MARKS : marksOf(marks),
    interpreter: cwdEnd === interpreterEnd ? undefined : decodeBytes(bytes, cwdEnd, interpreterEnd),
  };
}

/** A component may hold any byte but NUL and the slash. */
function pathOf(bytes: Uint8Array, start: number, until: number): string {
  const end = Math.min(until, bytes.length);
  let path = '';
  for (let at = start; at < end; ) {
    let stop = at;
    while (stop < end && bytes[stop] !== 0) stop++;
    path = `/${decodeBytes(bytes, at, stop)}${path}`;
    at = stop + 1;
  }
  return path === '' ? '/' : path;
}

function deviceOf(device: number): string {
  return `${device >>> MINOR_BITS}:${device & ((1 << MINOR_BITS) - 1)}`;
}
