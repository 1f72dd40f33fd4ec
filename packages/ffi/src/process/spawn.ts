/**
 * Starts a process that inherits what we inherited, and nothing that this runtime changed since: ignored
 * signals, the signal mask, descriptors, soft limits. The child shares our memory until it execs
 * (packages/native/src/spawn.c), so the thread stands still until the new program is there.
 *
 * The runtimes' own spawn resets every signal, closes what is above 2 and keeps the limits that
 * the runtime raised.
 */

import { SystemError } from '../errors/system-error.ts';
import type { Native } from '../native/native.ts';

export interface SpawnRequest {
  /** The first is looked for in PATH unless it holds a slash. Bytes where they may be no UTF-8. */
  readonly argv: readonly (string | Uint8Array)[];
  /** `NAME=value` each. */
  readonly environment: readonly (string | Uint8Array)[];
  /** Its standard output: ours, another descriptor, or /dev/null. */
  readonly stdout?: number | 'null' | undefined;
  /** A terminal that becomes its own, in a session of its own: its standard input, output and error. */
  readonly terminal?: number | undefined;
  /** Signals that it ignores from its start; all others have their default action. */
  readonly ignoredSignals?: Iterable<number> | undefined;
  /** Bit n - 1 for signal n, as SigBlk in /proc/PID/status. Default: this thread's own. */
  readonly blockedSignals?: bigint | undefined;
  /**
   * Descriptors above 2 that it gets, under the same numbers; it gets no others. Default: those that are
   * not marked close-on-exec.
   */
  readonly descriptors?: readonly number[] | undefined;
  /** Soft limits by resource (RLIMIT_*), where they differ from ours. */
  readonly softLimits?: Iterable<readonly [resource: number, limit: bigint]> | undefined;
  /**
   * It stands before the first instruction of its program, as by SIGSTOP, until SIGCONT. A set-user-ID
   * program then runs without its owner's rights, unless we have CAP_SYS_PTRACE.
   */
  readonly stopped?: boolean | undefined;
  /** Whose process it is. Default: ours. Needs CAP_SETUID and CAP_SETGID. */
  readonly user?: SpawnUser | undefined;
}

export interface SpawnUser {
  readonly uid: number;
  readonly gid: number;
  /** All supplementary groups. */
  readonly groups: readonly number[];
}

// struct waggle_spawn and its flags: packages/native/src/waggle.h
const REQUEST_BYTES = 56;
const PASS_ONLY = 1;
const MASK = 2;
const STOPPED = 4;
const USER = 8;
const TERMINAL = 16;
const OUTPUT_TO_NULL = -1;
const LIMIT_BYTES = 16;
/** _NSIG of x86_64 and aarch64. */
const LAST_SIGNAL = 64;

/**
 * The pid of the new process. Who the program is has been settled by then: failures of execve are ours.
 * A file without a known format runs under /bin/sh, as execvp(3) does it.
 * @throws SystemError
 */
export function spawnProcess(native: Native, request: SpawnRequest): number {
  const { argv, environment, blockedSignals, descriptors, softLimits, user, terminal } = request;
  const stdout = terminal ?? request.stdout;
  const passed = Int32Array.from(descriptors ?? [])
    .filter((fd) => fd > 2)
    .sort();
  const limits = [...(softLimits ?? [])];
  const bytes = new Uint8Array(REQUEST_BYTES);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, maskOf(request.ignoredSignals ?? []), true);
  view.setBigUint64(8, blockedSignals ?? 0n, true);
  const flags =
    (descriptors === undefined ? 0 : PASS_ONLY) |
    (blockedSignals === undefined ? 0 : MASK) |
    (request.stopped === true ? STOPPED : 0) |
    (user === undefined ? 0 : USER) |
    (terminal === undefined ? 0 : TERMINAL);
  view.setUint32(16, flags, true);
  view.setInt32(20, stdout === 'null' ? OUTPUT_TO_NULL : (stdout ?? 1), true);
  view.setUint32(24, argv.length, true);
  view.setUint32(28, environment.length, true);
  view.setUint32(32, passed.length, true);
  view.setUint32(36, limits.length, true);
  const groups = user?.groups ?? [];
  view.setUint32(40, user?.uid ?? 0, true);
  view.setUint32(44, user?.gid ?? 0, true);
  view.setUint32(48, groups.length, true);
  const result = native.waggle.waggle_spawn(
    bytes,
    cStrings(argv),
    cStrings(environment),
    new Uint8Array(Uint32Array.from([...passed, ...groups]).buffer),
    limitBytes(limits),
  );
  if (result < 0) throw new SystemError(`start ${nameOf(argv)}`, -result);
  return result;
}

function nameOf([file = '']: SpawnRequest['argv']): string {
  return typeof file === 'string' ? file : new TextDecoder().decode(file);
}

/** One after the other, each with its NUL. */
function cStrings(texts: readonly (string | Uint8Array)[]): Uint8Array {
  const encoder = new TextEncoder();
  const encoded = texts.map((text) => (typeof text === 'string' ? encoder.encode(text) : text));
  const bytes = new Uint8Array(encoded.reduce((sum, { length }) => sum + length + 1, 0));
  let at = 0;
  for (const text of encoded) {
    bytes.set(text, at);
    at += text.length + 1;
  }
  return bytes;
}

function maskOf(signals: Iterable<number>): bigint {
  let mask = 0n;
  for (const signal of signals)
    if (signal >= 1 && signal <= LAST_SIGNAL) mask |= 1n << BigInt(signal - 1);
  return mask;
}

function limitBytes(limits: readonly (readonly [resource: number, limit: bigint])[]): Uint8Array {
  const bytes = new Uint8Array(limits.length * LIMIT_BYTES);
  const view = new DataView(bytes.buffer);
  for (const [index, [resource, limit]] of limits.entries()) {
    view.setBigUint64(index * LIMIT_BYTES, BigInt(resource), true);
    view.setBigUint64(index * LIMIT_BYTES + 8, limit, true);
  }
  return bytes;
}
