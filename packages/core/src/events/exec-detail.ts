// The part of an exec event that is there on request: paths, ids and flags. Paths come as components,
// leaf first, as the kernel can walk them.

import {
  decodeBytes,
  decodePath,
  type ExecRecordReader,
  execFlags,
  recordFlags,
} from '@waggle/bpf';

type ExecFlag = 'setuid' | 'setgid' | 'privileged' | 'memfd' | 'deleted' | 'script';

export interface ExecDetail {
  /** Absolute, from the root of the process's mount namespace. */
  readonly exe: string;
  /** Cut at its beginning: the path was deeper or longer than the record holds. */
  readonly exeTruncated: boolean;
  readonly exeInode: bigint;
  /** `major:minor` of the file system. */
  readonly exeDevice: string;
  readonly cwd: string;
  readonly cwdTruncated: boolean;
  readonly effectiveUid: number;
  readonly effectiveGid: number;
  /** audit's login uid; undefined where nobody logged in. */
  readonly loginUid: number | undefined;
  /** Pid of the session leader. */
  readonly sessionId: number;
  /** `major:minor` of the controlling terminal. */
  readonly tty: string | undefined;
  /**
   * setuid, setgid: by the file's mode. privileged: AT_SECURE, capability gain included. memfd,
   * deleted: the file has no name (any more). script: an interpreter was executed for it.
   */
  readonly flags: readonly ExecFlag[];
  /** What was executed for a script. */
  readonly interpreter: string | undefined;
}

/** loginuid of a process that no login led to: (uid_t) -1. */
export const NO_LOGIN = 0xffff_ffff;
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

export function execFlagsOf(bits: number): readonly ExecFlag[] {
  return FLAGS.flatMap(([flag, bit]) => ((bits & bit) === 0 ? [] : [flag]));
}

/** @param at where the components of the executable's path begin. */
export function decodeExecDetail(exec: ExecRecordReader, flags: number, at: number): ExecDetail {
  const { bytes, loginUid, tty, execFlags: bits } = exec;
  const exeEnd = at + exec.exeLength;
  const cwdEnd = exeEnd + exec.cwdLength;
  const interpreterEnd = cwdEnd + exec.interpreterLength;
  return {
    exe: decodePath(bytes, at, exeEnd),
    exeTruncated: (flags & recordFlags.RECORD_EXE_TRUNCATED) !== 0,
    exeInode: exec.exeInode,
    exeDevice: deviceOf(exec.exeDevice),
    cwd: decodePath(bytes, exeEnd, cwdEnd),
    cwdTruncated: (flags & recordFlags.RECORD_CWD_TRUNCATED) !== 0,
    effectiveUid: exec.effectiveUid,
    effectiveGid: exec.effectiveGid,
    loginUid: loginUid === NO_LOGIN ? undefined : loginUid,
    sessionId: exec.sessionId,
    tty: tty === 0 ? undefined : deviceOf(tty),
    flags: bits === 0 ? NO_FLAGS : execFlagsOf(bits),
    interpreter: cwdEnd === interpreterEnd ? undefined : decodeBytes(bytes, cwdEnd, interpreterEnd),
  };
}

/** `major:minor` */
export function deviceOf(device: number): string {
  return `${device >>> MINOR_BITS}:${device & ((1 << MINOR_BITS) - 1)}`;
}
