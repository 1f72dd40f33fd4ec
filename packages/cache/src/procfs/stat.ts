/**
 * /proc/PID/stat, parsed from bytes. The name of the process stands in parentheses and may hold
 * spaces, parentheses and newlines, so the fields are counted from the LAST closing parenthesis.
 * Field numbers are those of proc_pid_stat(5).
 */
import { ProcfsError } from './error.ts';
import { type ImageLayout, isFixedLayout, layoutFingerprintOf } from './layout-fingerprint.ts';
import { EXEC_IN_PROGRESS, type ProcProbe, type ProcStat } from './procfs.ts';

// include/linux/sched.h
const PF_EXITING = 0x0000_0004;
const PF_KTHREAD = 0x0020_0000;

const CLOSE_PAREN = 0x29;
const OPEN_PAREN = 0x28;
const SPACE = 0x20;
const MINUS = 0x2d;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
const STATE_DEAD = 0x58; // X
const STATE_ZOMBIE = 0x5a; // Z

const decoder = new TextDecoder();

/** A stat line longer than this is not one: 64 bytes of name, 50 numbers of 20 digits. */
export const STAT_MAX_BYTES = 2048;

/** What a reader asks for where the line alone does not tell images apart. */
export interface ImageEvidence {
  /** Inode number of the executable, 0 where it cannot be had. */
  executable(pid: number): number;
  /** The layout fingerprint that a living thread shows, of a process whose leader has ended; else 0. */
  markOfThread(pid: number): number;
}

/** The fields that identify, and no more: this runs on every validated lookup. */
export function parseProbe(
  bytes: Uint8Array,
  length: number,
  pid: number,
  evidence?: ImageEvidence,
): ProcProbe {
  const stateAt = stateOffset(bytes, length, pid);
  const state = bytes[stateAt];
  const flagsAt = skipFields(bytes, length, stateAt, 6);
  const numThreadsAt = skipFields(bytes, length, flagsAt, 11);
  const startTimeAt = skipFields(bytes, length, numThreadsAt, 2);
  const startCodeAt = skipFields(bytes, length, startTimeAt, 4);
  const flags = parseNumber(bytes, flagsAt, pid);
  const ended = hasEnded(state, flags, parseNumber(bytes, numThreadsAt, pid));
  const probe: ProcProbe = {
    startTimeTicks: parseNumber(bytes, startTimeAt, pid),
    layoutFingerprint: layoutFingerprint(
      bytes,
      length,
      startCodeAt,
      pid,
      { flags, ended },
      evidence,
    ),
    ended,
  };
  return (flags & PF_KTHREAD) === 0 ? probe : { ...probe, kernelThread: true };
}

/** The start time alone, in clock ticks since boot. */
export function parseStartTime(bytes: Uint8Array, length: number, pid: number): number {
  const stateAt = stateOffset(bytes, length, pid);
  return parseNumber(bytes, skipFields(bytes, length, stateAt, 19), pid);
}

/** All of it. */
export function parseStat(
  bytes: Uint8Array,
  length: number,
  pid: number,
  evidence?: ImageEvidence,
): Omit<ProcStat, 'instance'> {
  const stateAt = stateOffset(bytes, length, pid);
  const open = bytes.indexOf(OPEN_PAREN);
  if (open < 0 || open > stateAt) throw new ProcfsError('malformed', pid, 'stat');

  // numbers[n] is field n, so that the lines below read like the manual page.
  const numbers: number[] = [0, parseNumber(bytes, 0, pid), 0, 0];
  let at = stateAt;
  let startCodeAt = length;
  for (let field = 4; field <= 28; field++) {
    at = skipFields(bytes, length, at, 1);
    if (at >= length) throw new ProcfsError('malformed', pid, 'stat');
    if (field === 26) startCodeAt = at;
    numbers.push(parseNumber(bytes, at, pid));
  }
  const field = (n: number): number => numbers[n] ?? 0;

  const flags = field(9);
  const ended = hasEnded(bytes[stateAt], flags, field(20));
  return {
    pid: field(1),
    comm: decoder.decode(bytes.subarray(open + 1, stateAt - 2)),
    state: String.fromCharCode(bytes[stateAt] ?? 0),
    ppid: field(4),
    pgrp: field(5),
    session: field(6),
    ttyNr: field(7),
    tpgid: field(8),
    flags,
    kernelThread: (flags & PF_KTHREAD) !== 0,
    exiting: (flags & PF_EXITING) !== 0,
    utimeTicks: field(14),
    stimeTicks: field(15),
    numThreads: field(20),
    startTimeTicks: field(22),
    vsizeBytes: field(23),
    rssPages: field(24),
    startCode: field(26),
    startStack: field(28),
    layoutFingerprint: layoutFingerprint(
      bytes,
      length,
      startCodeAt,
      pid,
      { flags, ended },
      evidence,
    ),
    ended,
  };
}

/**
 * The kernel shows 1 for the start of code and 0 for the stack to a reader without ptrace access,
 * and 0 where there is no memory. A user process has memory until it ends; if it has none, or none
 * that is set up, it is being replaced: exec installs the new memory first and notes these
 * addresses last (load_elf_binary). A leader that has ended has given its memory up, and its
 * threads have it still.
 */
function layoutFingerprint(
  bytes: Uint8Array,
  length: number,
  startCodeAt: number,
  pid: number,
  { flags, ended }: { readonly flags: number; readonly ended: boolean },
  evidence: ImageEvidence | undefined,
): number {
  const endCodeAt = skipFields(bytes, length, startCodeAt, 1);
  const startStackAt = skipFields(bytes, length, endCodeAt, 1);
  if (startStackAt >= length) throw new ProcfsError('malformed', pid, 'stat');
  const startCode = parseNumber(bytes, startCodeAt, pid);
  if (startCode === 0) {
    if ((flags & PF_KTHREAD) !== 0 || ended) return 0;
    return (flags & PF_EXITING) === 0 ? EXEC_IN_PROGRESS : (evidence?.markOfThread(pid) ?? 0);
  }
  const startStack = parseNumber(bytes, startStackAt, pid);
  if (startStack === 0) return 0;
  // Kernels before 3.5 end the line earlier: what is not there is 0 each time.
  const endDataAt = skipFields(bytes, length, startStackAt, 18);
  const argStartAt = skipFields(bytes, length, endDataAt, 2);
  const envStartAt = skipFields(bytes, length, argStartAt, 2);
  const envEndAt = skipFields(bytes, length, envStartAt, 1);
  const layout: ImageLayout = {
    startCode,
    endCode: parseNumber(bytes, endCodeAt, pid),
    startStack,
    endData: numberOrZero(bytes, length, endDataAt, pid),
    argStart: numberOrZero(bytes, length, argStartAt, pid),
    envStart: numberOrZero(bytes, length, envStartAt, pid),
    envEnd: numberOrZero(bytes, length, envEndAt, pid),
  };
  const fixed = evidence !== undefined && isFixedLayout(layout.envEnd);
  return layoutFingerprintOf(layout, fixed ? evidence.executable(pid) : 0);
}

/**
 * A leader may end while its threads live on: then the process has not ended. PF_EXITING is set
 * before the memory is given up and before the exit is traced, the zombie state after both.
 */
function hasEnded(state: number | undefined, flags: number, numThreads: number): boolean {
  if (numThreads > 1) return false;
  return state === STATE_ZOMBIE || state === STATE_DEAD || (flags & PF_EXITING) !== 0;
}

function stateOffset(bytes: Uint8Array, length: number, pid: number): number {
  const at = length === 0 ? -1 : bytes.lastIndexOf(CLOSE_PAREN, length - 1);
  if (at < 0 || at + 2 >= length) throw new ProcfsError('malformed', pid, 'stat');
  return at + 2;
}

/** Offset of the field `count` fields after the one that starts at `at`; `length` if missing. */
function skipFields(bytes: Uint8Array, length: number, at: number, count: number): number {
  let left = count;
  let i = at;
  while (i < length) {
    if (bytes[i++] === SPACE && --left === 0) return i;
  }
  return length;
}

function numberOrZero(bytes: Uint8Array, length: number, at: number, pid: number): number {
  return at < length ? parseNumber(bytes, at, pid) : 0;
}

/** Exact below 2^53; rsslim and the like lose their last digits, and nothing here uses them. */
function parseNumber(bytes: Uint8Array, at: number, pid: number): number {
  let i = at;
  const negative = bytes[i] === MINUS;
  if (negative) i++;
  let value = 0;
  const first = i;
  for (;;) {
    const c = bytes[i];
    if (c === undefined || c < DIGIT_0 || c > DIGIT_9) break;
    value = value * 10 + (c - DIGIT_0);
    i++;
  }
  if (i === first) throw new ProcfsError('malformed', pid, 'stat');
  return negative ? -value : value;
}
