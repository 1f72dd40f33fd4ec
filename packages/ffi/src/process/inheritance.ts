/**
 * What this process inherited and a command of ours has to inherit in turn, so that nothing tells it that
 * it does not run alone: signals that were ignored or blocked, soft limits, descriptors, environment. Read
 * once, before anything of ours changes it. What the runtime had changed by then (Bun raises the
 * limit of open files, ignores SIGPIPE and SIGXFSZ, and marks every descriptor close-on-exec) is told by the
 * script that started us, in two variables.
 */

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { constants } from 'node:os';

export interface Inheritance {
  /** Numbers of the signals that were ignored. */
  readonly ignored: ReadonlySet<number>;
  /** Bit n - 1 for signal n. */
  readonly blocked: bigint;
  /** By resource, as RLIMIT_* of include/uapi/asm-generic/resource.h. */
  readonly softLimits: ReadonlyMap<number, bigint>;
  /** Above 2. undefined: whatever is not marked close-on-exec. */
  readonly descriptors: readonly number[] | undefined;
  /** `NAME=value` of each variable, with what this process has changed since. */
  environment(): readonly (string | Uint8Array)[];
}

/**
 * `SIGIGN,SIGBLK,NOFILE,FD FD …,NAME …`: as in /proc/PID/status, the soft limit of open files, descriptors,
 * variables that were set for us alone.
 */
const TOLD = 'WAGGLE_INHERITED';
/** The environment in base64: what the shell would lose or add is as it was. */
const TOLD_ENVIRONMENT = 'WAGGLE_ENVIRON';

const RLIMIT_NOFILE = 7;
const RLIM_INFINITY = 2n ** 64n - 1n;
/** In the order of their numbers: fs/proc/base.c, lnames. */
const LIMITS = [
  'Max cpu time',
  'Max file size',
  'Max data size',
  'Max stack size',
  'Max core file size',
  'Max resident set',
  'Max processes',
  'Max open files',
  'Max locked memory',
  'Max address space',
  'Max file locks',
  'Max pending signals',
  'Max msgqueue size',
  'Max nice priority',
  'Max realtime priority',
  'Max realtime timeout',
];

/** Signals that the runtime ignores for itself. */
const OF_THE_RUNTIME = [constants.signals.SIGPIPE, constants.signals.SIGXFSZ];

let read: Inheritance | undefined;

/** The one of this process. The first call must come before handlers of signals are set up. */
export function inheritance(): Inheritance {
  read ??= readInheritance();
  return read;
}

/** Whether this signal was ignored when we were started: nohup, or `&` in a script. */
export function isIgnored(signal: NodeJS.Signals): boolean {
  return inheritance().ignored.has(constants.signals[signal]);
}

function readInheritance(): Inheritance {
  const [sigIgn, sigBlk, openFiles, descriptors, ours = ''] = (process.env[TOLD] ?? '').split(',');
  const environment = environmentOf(process.env[TOLD_ENVIRONMENT], ours.split(' '));
  delete process.env[TOLD];
  delete process.env[TOLD_ENVIRONMENT];
  const status = readFileSync('/proc/self/status', 'latin1');
  const ignored = signalsOf(maskOf(status, 'SigIgn'));
  const told = sigIgn ? signalsOf(BigInt(`0x${sigIgn}`)) : new Set<number>();
  for (const signal of OF_THE_RUNTIME) ignored.delete(signal);
  for (const signal of told) ignored.add(signal);
  const softLimits = softLimitsOf('self');
  const openFilesThen = openFiles ? limitOf(openFiles) : openFilesOfParent(softLimits);
  if (openFilesThen !== undefined) softLimits.set(RLIMIT_NOFILE, openFilesThen);
  return {
    ignored,
    blocked: sigBlk ? BigInt(`0x${sigBlk}`) : maskOf(status, 'SigBlk'),
    softLimits,
    descriptors: descriptors === undefined ? undefined : stillOpen(descriptors),
    environment,
  };
}

/** What the variables were, and those that were set, changed or deleted here since. */
function environmentOf(
  told: string | undefined,
  ours: readonly string[],
): Inheritance['environment'] {
  const bytes =
    told === undefined ? readFileSync('/proc/self/environ') : Buffer.from(told, 'base64');
  const before: Readonly<Record<string, string | undefined>> = { ...process.env };
  return () => {
    const now = process.env;
    const kept: (string | Uint8Array)[] = [];
    const seen = new Set<string>();
    for (const entry of splitAtNul(bytes)) {
      const name = entry.subarray(0, Math.max(0, entry.indexOf(0x3d, 1))).toString();
      if (name === TOLD || name === TOLD_ENVIRONMENT) continue;
      if (told === undefined && ours.includes(name)) continue;
      seen.add(name);
      if (now[name] === before[name]) kept.push(entry);
      else if (now[name] !== undefined) kept.push(`${name}=${now[name]}`);
    }
    for (const [name, value] of Object.entries(now))
      if (value !== undefined && value !== before[name] && !seen.has(name))
        kept.push(`${name}=${value}`);
    return kept;
  };
}

function splitAtNul(bytes: Buffer): Buffer[] {
  const entries: Buffer[] = [];
  for (let from = 0; from < bytes.length; ) {
    const nul = bytes.indexOf(0, from);
    const end = nul < 0 ? bytes.length : nul;
    entries.push(bytes.subarray(from, end));
    from = end + 1;
  }
  return entries;
}

function maskOf(status: string, field: string): bigint {
  return BigInt(`0x${new RegExp(`^${field}:\\s*([0-9a-f]+)$`, 'm').exec(status)?.[1] ?? '0'}`);
}

function signalsOf(mask: bigint): Set<number> {
  const signals = new Set<number>();
  for (let signal = 1; signal <= 64; signal++)
    if (((mask >> BigInt(signal - 1)) & 1n) === 1n) signals.add(signal);
  return signals;
}

function softLimitsOf(pid: number | 'self'): Map<number, bigint> {
  const limits = new Map<number, bigint>();
  for (const line of readFileSync(`/proc/${pid}/limits`, 'latin1').split('\n')) {
    const resource = LIMITS.indexOf(line.slice(0, 26).trimEnd());
    const soft = line.slice(26).trim().split(/\s+/, 1)[0];
    if (resource >= 0 && soft) limits.set(resource, limitOf(soft));
  }
  return limits;
}

function limitOf(text: string): bigint {
  return /^\d+$/.test(text) ? BigInt(text) : RLIM_INFINITY;
}

/** Nobody told: whoever started us most likely had the limit that we were started with. */
function openFilesOfParent(ours: ReadonlyMap<number, bigint>): bigint | undefined {
  try {
    const theirs = softLimitsOf(process.ppid).get(RLIMIT_NOFILE);
    const mine = ours.get(RLIMIT_NOFILE);
    return theirs !== undefined && mine !== undefined && theirs < mine ? theirs : undefined;
  } catch {
    return undefined;
  }
}

/** The shell's list without what it had for itself: closed by now, or another's number. */
function stillOpen(told: string): number[] {
  const listed = new Set(told.split(' ').filter(Boolean).map(Number));
  return readdirSync('/proc/self/fd')
    .map(Number)
    .filter((fd) => {
      if (fd <= 2 || !listed.has(fd)) return false;
      try {
        return readlinkSync(`/proc/self/fd/${fd}`) !== 'anon_inode:[eventpoll]';
      } catch {
        return false;
      }
    });
}
