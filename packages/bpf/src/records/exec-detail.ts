// The part of an exec record that is there on request. Paths come as components, leaf first, as
// the kernel can walk them; here they are turned round.

import { type ExecRecordReader, execFlags, recordFlags } from '../generated/layouts.ts';
import type { ExecDetail, ExecFlag } from './record.ts';
import { decodeBytes } from './text.ts';

/** loginuid of a process that no login led to: (uid_t) -1. */
const NO_LOGIN = 0xffff_ffff;
/** dev_t inside the kernel (include/linux/kdev_t.h). */
const MINOR_BITS = 20;

const FLAGS: readonly (readonly [ExecFlag, number])[] = [
  ['setuid', execFlags.EXEC_SETUID],
  ['setgid', execFlags.EXEC_SETGID],
  ['privileged', execFlags.EXEC_PRIVILEGED],
  ['memfd', execFlags.EXEC_MEMFD],
  ['deleted', execFlags.EXEC_DELETED],
  ['script', execFlags.EXEC_SCRIPT],
];

const NO_FLAGS: readonly ExecFlag[] = [];

function flagsOf(bits: number): readonly ExecFlag[] {
  return FLAGS.flatMap(([flag, bit]) => ((bits & bit) === 0 ? [] : [flag]));
}

/** @param at where the components of the executable's path begin. */
export function decodeExecDetail(exec: ExecRecordReader, flags: number, at: number): ExecDetail {
  const { bytes, loginUid, tty, execFlags: bits } = exec;
  const exeEnd = at + exec.exeLength;
  const cwdEnd = exeEnd + exec.cwdLength;
  const interpreterEnd = cwdEnd + exec.interpreterLength;
  return {
    exe: pathOf(bytes, at, exeEnd),
    exeTruncated: (flags & recordFlags.RECORD_EXE_TRUNCATED) !== 0,
    exeInode: exec.exeInode,
    exeDevice: deviceOf(exec.exeDevice),
    cwd: pathOf(bytes, exeEnd, cwdEnd),
    cwdTruncated: (flags & recordFlags.RECORD_CWD_TRUNCATED) !== 0,
    effectiveUid: exec.effectiveUid,
    effectiveGid: exec.effectiveGid,
    loginUid: loginUid === NO_LOGIN ? undefined : loginUid,
    sessionId: exec.sessionId,
    tty: tty === 0 ? undefined : deviceOf(tty),
    flags: bits === 0 ? NO_FLAGS : flagsOf(bits),
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
