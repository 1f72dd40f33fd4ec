/**
 * The part of an exec event that is there on request: paths, ids and flags. Paths come as components,
 * leaf first, as the kernel can walk them.
 */

import { type ExecRecordReader, execFlags, recordFlags } from '@waggle/bpf';
import { type NumberFields, type NumbersOf, withNumbers } from '../fields/number-fields.ts';
import { standardFilesOf } from '../fields/standard-files.ts';
import { endOfTexts, type TextFields, type TextsOf, withTexts } from '../fields/text-fields.ts';

type ExecFlag = 'setuid' | 'setgid' | 'privileged' | 'memfd' | 'deleted' | 'script';

/** A number that this part of the record gets is shown by a line here. */
export const EXEC_DETAIL_NUMBERS = {
  exeInode: 'exeInode',
  effectiveUid: 'effectiveUid',
  effectiveGid: 'effectiveGid',
  /** Pid of the session leader. */
  sessionId: 'sessionId',
} as const satisfies NumberFields<ExecRecordReader>;

/** And a text. Paths are absolute, from the root of the process's mount namespace. */
export const EXEC_DETAIL_TEXTS = {
  /** Cut at its beginning, where the path was deeper or longer than the record holds. */
  exe: { length: 'exeLength', form: 'path', cut: recordFlags.RECORD_EXE_TRUNCATED },
  cwd: { length: 'cwdLength', form: 'path', cut: recordFlags.RECORD_CWD_TRUNCATED },
  /** What was executed for a script. */
  interpreter: { length: 'interpreterLength', form: 'text' },
} as const satisfies TextFields<ExecRecordReader>;

export interface ExecDetail
  extends NumbersOf<ExecRecordReader, typeof EXEC_DETAIL_NUMBERS>,
    TextsOf<typeof EXEC_DETAIL_TEXTS> {
  /** `major:minor` of the file system. */
  readonly exeDevice: string;
  /** audit's login uid; undefined where nobody logged in. */
  readonly loginUid: number | undefined;
  /** `major:minor` of the controlling terminal. */
  readonly tty: string | undefined;
  /**
   * setuid, setgid: by the file's mode. privileged: AT_SECURE, capability gain included. memfd,
   * deleted: the file has no name (any more). script: an interpreter was executed for it.
   */
  readonly flags: readonly ExecFlag[];
  /** Standard input, output and error, as standardFilesOf() has them. */
  readonly stdio: readonly string[];
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

/** @param at where the first of the texts begins. */
export function decodeExecDetail(exec: ExecRecordReader, flags: number, at: number): ExecDetail {
  const { bytes, loginUid, tty, execFlags: bits } = exec;
  const detail = {
    exeDevice: deviceOf(exec.exeDevice),
    loginUid: loginUid === NO_LOGIN ? undefined : loginUid,
    tty: tty === 0 ? undefined : deviceOf(tty),
    flags: bits === 0 ? NO_FLAGS : execFlagsOf(bits),
    stdio: standardFilesOf(bytes, endOfTexts(exec, EXEC_DETAIL_TEXTS, at), [
      { state: exec.stdinState, length: exec.stdinLength },
      { state: exec.stdoutState, length: exec.stdoutLength },
      { state: exec.stderrState, length: exec.stderrLength },
    ]),
  };
  const numbered = withNumbers(detail, exec, EXEC_DETAIL_NUMBERS);
  return withTexts(numbered, exec, EXEC_DETAIL_TEXTS, flags, at);
}

/** `major:minor` */
export function deviceOf(device: number): string {
  return `${device >>> MINOR_BITS}:${device & ((1 << MINOR_BITS) - 1)}`;
}
