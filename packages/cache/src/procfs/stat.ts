/**
 * /proc/PID/stat, parsed from bytes. The name of the process stands in parentheses and may hold
 * spaces, parentheses and newlines, so the fields are counted from the LAST closing parenthesis.
 * Field numbers are those of proc_pid_stat(5).
 */
import { ProcfsError } from './error.ts';
import { MID_EXEC, type ProcProbe, type ProcStat } from './procfs.ts';

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

/** The fields that identify, and no more: this runs on every validated lookup. */
export function parseProbe(bytes: Uint8Array, length: number, pid: number): ProcProbe {
  const stateAt = stateOffset(bytes, length, pid);
  const state = bytes[stateAt];
  const flagsAt = skipFields(bytes, length, stateAt, 6);
  const numThreadsAt = skipFields(bytes, length, flagsAt, 11);
  const startTimeAt = skipFields(bytes, length, numThreadsAt, 2);
  const startCodeAt = skipFields(bytes, length, startTimeAt, 4);
  const startStackAt = skipFields(bytes, length, startCodeAt, 2);
  if (startStackAt >= length) throw new ProcfsError('malformed', pid, 'stat');
  const flags = parseNumber(bytes, flagsAt, pid);
  const startCode = parseNumber(bytes, startCodeAt, pid);
  const startStack = parseNumber(bytes, startStackAt, pid);
  return {
    startTimeTicks: parseNumber(bytes, startTimeAt, pid),
    imageMark: imageMark(flags, startCode, startStack),
    ended: hasEnded(state, flags, parseNumber(bytes, numThreadsAt, pid)),
  };
}

/** All of it. */
export function parseStat(bytes: Uint8Array, length: number, pid: number): ProcStat {
  const stateAt = stateOffset(bytes, length, pid);
  const open = bytes.indexOf(OPEN_PAREN);
  if (open < 0 || open > stateAt) throw new ProcfsError('malformed', pid, 'stat');

  // numbers[n] is field n, so that the lines below read like the manual page.
  const numbers: number[] = [0, parseNumber(bytes, 0, pid), 0, 0];
  let at = stateAt;
  for (let field = 4; field <= 28; field++) {
    at = skipFields(bytes, length, at, 1);
    if (at >= length) throw new ProcfsError('malformed', pid, 'stat');
    numbers.push(parseNumber(bytes, at, pid));
  }
  const field = (n: number): number => numbers[n] ?? 0;

  const flags = field(9);
  return {
    pid: field(1),
    comm: decoder.decode(bytes.subarray(open + 1, stateAt - 2)),
    state: String.fromCharCode(bytes[stateAt] ?? 0),
    ppid: field(4),
    pgrp: field(5),
    session: field(6),
    ttyNr: field(7),
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
    imageMark: imageMark(flags, field(26), field(28)),
    ended: hasEnded(bytes[stateAt], flags, field(20)),
  };
}

/**
 * The kernel shows 1 for the start of code and 0 for the stack to a reader without ptrace access,
 * and 0 where there is no memory. A user process has memory until it ends; if it has none, or none
 * that is set up, it is being replaced: exec installs the new memory first and notes these two
 * addresses last (load_elf_binary). Both are below 2^47, so the sum is exact.
 */
function imageMark(flags: number, startCode: number, startStack: number): number {
  if (startCode === 0) return (flags & (PF_KTHREAD | PF_EXITING)) === 0 ? MID_EXEC : 0;
  return startStack === 0 ? 0 : startCode + startStack;
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
  let at = length - 1;
  while (at >= 0 && bytes[at] !== CLOSE_PAREN) at--;
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
