/**
 * Starts a process that inherits what we inherited, and nothing that this runtime changed since: ignored
 * signals, the signal mask, descriptors, soft limits. By posix_spawn(3), which execs in a child that shares
 * our memory (CLONE_VFORK), so that the thread stands still until the new program runs.
 *
 * The runtimes' own spawn resets every signal, closes what is above 2 and keeps the limits that
 * the runtime raised.
 */

import { readdirSync } from 'node:fs';
import { SystemError } from '../errors/system-error.ts';
import type { Native } from '../native/native.ts';

export interface SpawnRequest {
  /** The first is looked for in PATH unless it holds a slash. Bytes where they may be no UTF-8. */
  readonly argv: readonly (string | Uint8Array)[];
  /** `NAME=value` each. */
  readonly environment: readonly (string | Uint8Array)[];
  /** Its standard output: ours, another descriptor, or /dev/null. */
  readonly stdout?: number | 'null' | undefined;
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
}

// <spawn.h> of glibc and musl.
const POSIX_SPAWN_SETSIGDEF = 0x04;
const POSIX_SPAWN_SETSIGMASK = 0x08;
/** More than posix_spawnattr_t (336 bytes) and posix_spawn_file_actions_t (80) have in glibc and musl. */
const OPAQUE_BYTES = 1024;
/** sigset_t, and more than struct sigaction (152 bytes; the handler comes first). */
const SIGSET_BYTES = 128;
const SIGACTION_BYTES = 256;
const SIG_IGN = 1n;
/** _NSIG of x86_64 and aarch64. */
const LAST_SIGNAL = 64;
const O_WRONLY = 1;
const F_SETFD = 2;
const FD_CLOEXEC = 1;
const ENOEXEC = 8;

/**
 * The pid of the new process. Who the program is has been settled by then: failures of execve are ours.
 * A file without a known format runs under /bin/sh, as execvp(3) does it.
 * @throws SystemError
 */
export function spawnProcess(native: Native, request: SpawnRequest): number {
  const undo: (() => void)[] = [];
  try {
    ignoreSignals(native, request.ignoredSignals ?? [], undo);
    setSoftLimits(native, request.softLimits ?? [], undo);
    if (request.descriptors !== undefined) passOnly(native, request.descriptors, undo);
    const first = posixSpawn(native, request.argv, request);
    if (typeof first === 'number') return first;
    if (first.errno !== ENOEXEC) throw first;
    const script = posixSpawn(native, ['/bin/sh', ...request.argv], request);
    if (typeof script === 'number') return script;
    throw script;
  } finally {
    for (const step of undo.reverse()) step();
  }
}

function posixSpawn(
  native: Native,
  argv: SpawnRequest['argv'],
  request: SpawnRequest,
): number | SystemError {
  const { libc } = native;
  const attributes = new Uint8Array(OPAQUE_BYTES);
  const actions = new Uint8Array(OPAQUE_BYTES);
  const pid = new Int32Array(1);
  libc.posix_spawnattr_init(attributes);
  libc.posix_spawn_file_actions_init(actions);
  try {
    // Every other signal by name, those that libc keeps for itself too: it would leave them ignored.
    libc.posix_spawnattr_setsigdefault(attributes, signalsBut(request.ignoredSignals ?? []));
    let flags = POSIX_SPAWN_SETSIGDEF;
    if (request.blockedSignals !== undefined) {
      const mask = new Uint8Array(SIGSET_BYTES);
      new DataView(mask.buffer).setBigUint64(0, request.blockedSignals, true);
      libc.posix_spawnattr_setsigmask(attributes, mask);
      flags |= POSIX_SPAWN_SETSIGMASK;
    }
    libc.posix_spawnattr_setflags(attributes, flags);
    const { stdout } = request;
    const devNull = native.cString('/dev/null');
    if (stdout === 'null') libc.posix_spawn_file_actions_addopen(actions, 1, devNull, O_WRONLY, 0);
    else if (stdout !== undefined && stdout !== 1)
      libc.posix_spawn_file_actions_adddup2(actions, stdout, 1);
    const words = cStrings(native, argv);
    const variables = cStrings(native, request.environment);
    lent.add(words.bytes).add(variables.bytes);
    const errno = libc.posix_spawnp(
      new Uint8Array(pid.buffer),
      words.first,
      actions,
      attributes,
      words.pointers,
      variables.pointers,
    );
    return errno === 0 ? (pid[0] ?? 0) : new SystemError(`start ${nameOf(argv)}`, errno);
  } finally {
    lent.clear();
    libc.posix_spawn_file_actions_destroy(actions);
    libc.posix_spawnattr_destroy(attributes);
  }
}

function nameOf([file = '']: SpawnRequest['argv']): string {
  return typeof file === 'string' ? file : new TextDecoder().decode(file);
}

/** What C reads during a call and only pointers lead to: out of the collector's reach. */
const lent = new Set<Uint8Array>();

/** A vector of C strings, NULL at its end. `bytes` holds them and must be reachable for as long. */
function cStrings(native: Native, texts: readonly (string | Uint8Array)[]) {
  const encoder = new TextEncoder();
  const encoded = texts.map((text) => (typeof text === 'string' ? encoder.encode(text) : text));
  const total = encoded.reduce((sum, { length }) => sum + length + 1, 0);
  const bytes = new Uint8Array(Math.max(total, 1));
  const addresses = new BigUint64Array(texts.length + 1);
  const base = BigInt(native.backend.addressOf(bytes));
  let at = 0;
  for (const [index, text] of encoded.entries()) {
    addresses[index] = base + BigInt(at);
    bytes.set(text, at);
    at += text.length + 1;
  }
  return { first: bytes, pointers: new Uint8Array(addresses.buffer), bytes };
}

function signalsBut(ignored: Iterable<number>): Uint8Array {
  const set = new Uint8Array(SIGSET_BYTES).fill(0xff);
  for (const signal of ignored) {
    const byte = (signal - 1) >> 3;
    set[byte] = (set[byte] ?? 0) & ~(1 << ((signal - 1) & 7));
  }
  return set;
}

/** An ignored signal stays ignored in a child; one that the runtime handles would be reset. */
function ignoreSignals(native: Native, signals: Iterable<number>, undo: (() => void)[]): void {
  for (const signal of signals) {
    if (signal < 1 || signal > LAST_SIGNAL) continue;
    const before = new Uint8Array(SIGACTION_BYTES);
    if (native.libc.sigaction(signal, null, before) !== 0) continue;
    if (new DataView(before.buffer).getBigUint64(0, true) === SIG_IGN) continue;
    const ignore = new Uint8Array(SIGACTION_BYTES);
    new DataView(ignore.buffer).setBigUint64(0, SIG_IGN, true);
    native.libc.sigaction(signal, ignore, null);
    undo.push(() => native.libc.sigaction(signal, before, null));
  }
}

/** Ours for the time of the call: there is no other moment at which the child's could be set. */
function setSoftLimits(
  native: Native,
  limits: Iterable<readonly [number, bigint]>,
  undo: (() => void)[],
): void {
  for (const [resource, limit] of limits) {
    const before = new BigUint64Array(2);
    if (native.libc.getrlimit(resource, new Uint8Array(before.buffer)) !== 0) continue;
    const [soft = 0n, hard = 0n] = before;
    if (soft === limit || limit > hard) continue;
    const after = BigUint64Array.of(limit, hard);
    if (native.libc.setrlimit(resource, new Uint8Array(after.buffer)) !== 0) continue;
    undo.push(() => native.libc.setrlimit(resource, new Uint8Array(before.buffer)));
  }
}

function passOnly(native: Native, descriptors: readonly number[], undo: (() => void)[]): void {
  const passed = new Set(descriptors);
  const mark = (fd: number, flags: number) => native.libc.fcntl(fd, F_SETFD, flags);
  // The folder's own descriptor is among them, and gone by now: EBADF, which is nothing.
  for (const name of readdirSync('/proc/self/fd')) {
    const fd = Number(name);
    if (fd > 2 && !passed.has(fd)) mark(fd, FD_CLOEXEC);
  }
  for (const fd of passed) {
    if (fd <= 2) continue;
    mark(fd, 0);
    undo.push(() => mark(fd, FD_CLOEXEC));
  }
}
