/**
 * What is done for another user's process with that user's rights and no others. Only this thread has them meanwhile:
 * the C library's setresuid(3) would change all threads of the process, the system call changes the one that makes it.
 * The real user stays ours, so that its owner cannot send this process signals.
 */

import { SystemError } from '../errors/system-error.ts';
import type { NativeLibrary, NativeTable } from '../native/backend.ts';
import { libcPath } from '../native/libc-path.ts';
import type { Native } from '../native/native.ts';

/** The effective user and group of a process, as our user namespace has them. */
export interface Rights {
  readonly uid: number;
  readonly gid: number;
}

/** arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h */
const NUMBERS = {
  x64: { setgroups: 116, setresuid: 117, setresgid: 119, prctl: 157 },
  arm64: { setgroups: 159, setresuid: 147, setresgid: 149, prctl: 167 },
} as const;
// include/uapi/linux/prctl.h
const PR_GET_DUMPABLE = 3;
const PR_SET_DUMPABLE = 4;
/** The same on both. */
const PIDFD_SEND_SIGNAL = 424;
const PIDFD_OPEN = 434;
const ENOSYS = 38;
const EPERM = 1;
const UNCHANGED = -1;

const SYSTEM_CALL = {
  syscall: { parameters: ['i64', 'i64', 'i64', 'i64', 'i64', 'i64'], result: 'i64' },
} as const satisfies NativeTable;

export class OwnersRights {
  readonly #native: Native;
  readonly #libc: NativeLibrary<typeof SYSTEM_CALL>;
  readonly #own: Rights;
  readonly #groups: Uint32Array;

  constructor(native: Native) {
    this.#native = native;
    this.#libc = native.backend.open(libcPath(), SYSTEM_CALL);
    this.#own = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
    this.#groups = Uint32Array.from(process.getgroups?.() ?? []);
  }

  /**
   * Runs `work` on this thread with these rights; it may not wait for anything.
   * @throws SystemError EPERM where we are neither that user nor may become him
   */
  with<Result>(rights: Rights, work: () => Result): Result {
    const own = this.#own;
    if (rights.uid === own.uid && rights.gid === own.gid) return work();
    const numbers = this.#numbers();
    if (own.uid !== 0) throw new SystemError(`act as user ${rights.uid}`, EPERM);
    const dumpable = this.#call('prctl', numbers.prctl, PR_GET_DUMPABLE);
    try {
      this.#call('setgroups', numbers.setgroups, 0, 0);
      this.#call('setresgid', numbers.setresgid, UNCHANGED, rights.gid, UNCHANGED);
      this.#call('setresuid', numbers.setresuid, UNCHANGED, rights.uid, UNCHANGED);
      return work();
    } finally {
      this.#call('setresuid', numbers.setresuid, UNCHANGED, own.uid, UNCHANGED);
      this.#call('setresgid', numbers.setresgid, UNCHANGED, own.gid, UNCHANGED);
      const { length } = this.#groups;
      // A view of no bytes has no address.
      const list = length === 0 ? 0 : this.#addressOf(this.#groups);
      this.#call('setgroups', numbers.setgroups, length, list);
      // The kernel takes it from the memory that all threads share (commit_creds in kernel/cred.c).
      if (dumpable === 1) this.#call('prctl', numbers.prctl, PR_SET_DUMPABLE, 1);
    }
  }

  /** A descriptor that means this process for good, whoever has its number later. @throws SystemError */
  processDescriptor(pid: number): number {
    return this.#call(`open process ${pid}`, PIDFD_OPEN, pid, 0);
  }

  /** @throws SystemError */
  signal(processDescriptor: number, signal: number): void {
    this.#call('send a signal', PIDFD_SEND_SIGNAL, processDescriptor, signal, 0, 0);
  }

  #addressOf(list: Uint32Array): number {
    return this.#native.backend.addressOf(
      new Uint8Array(list.buffer, list.byteOffset, list.byteLength),
    );
  }

  #numbers(): (typeof NUMBERS)['x64' | 'arm64'] {
    const { arch } = process;
    if (arch !== 'x64' && arch !== 'arm64') throw new SystemError('system call', ENOSYS);
    return NUMBERS[arch];
  }

  #call(operation: string, number: number, ...given: readonly number[]): number {
    const [a = 0, b = 0, c = 0, d = 0, e = 0] = given;
    const result = this.#libc.syscall(number, a, b, c, d, e);
    return Number(this.#native.checkErrno(operation, result));
  }
}
