/**
 * Asks a running HotSpot for something as jcmd does: by the socket that it listens on in the /tmp that it sees, which it
 * makes when it finds a file there and gets SIGQUIT (src/hotspot/os/posix/attachListener_posix.cpp,
 * src/jdk.attach/linux/classes/sun/tools/attach/VirtualMachineImpl.java of OpenJDK). All of it is done with the rights
 * of the process's own user, so who has laid out something else there gains nothing, and all of it has an end.
 */

import { closeSync, constants, fstatSync, openSync, unlinkSync } from 'node:fs';
import { type Procfs, ProcfsError } from '@waggle/cache';
import { errnoName, type Native, OwnersRights, type Rights, SystemError } from '@waggle/ffi';
import { isSystemError, O_PATH, openDirectoryUnderRoot } from '@waggle/symbols';

/** How long is waited for a process. */
interface Patience {
  /** For its socket, in ms: HotSpot looks for the file when it gets to the signal, at its next safepoint. */
  readonly listenMs: number;
  /** For its answer, in ms. A map of 100,000 methods is written in less than a second. */
  readonly answerMs: number;
}

const PATIENCE: Patience = { listenMs: 5000, answerMs: 10_000 };
const POLL_MS = 10;
/** What a command says; what is more of it is left out. */
const MAX_ANSWER_BYTES = 64 * 1024;

const SIGQUIT = 3;
const AF_UNIX = 1;
/** SOCK_STREAM, SOCK_NONBLOCK and SOCK_CLOEXEC. */
const SOCKET_TYPE = 1 | 0x800 | 0x8_0000;
const ANYONE = 0;
const EXISTS = 0;

/** Why a process was not asked, or did not answer: in words, behind its number. */
export class AttachError extends Error {
  override readonly name = 'AttachError';

  constructor(
    readonly code: 'gone' | 'not_ready' | 'not_its_own' | 'silent' | 'refused',
    message: string,
  ) {
    super(message);
  }
}

interface Owner {
  readonly rights: Rights;
  /** Its number as it sees itself. */
  readonly innerPid: number;
  readonly catchesQuit: boolean;
}

type ProcessStatus = Pick<Procfs, 'status'>;

export class JavaAttach {
  readonly #native: Native;
  readonly #procfs: ProcessStatus;
  readonly #rights: OwnersRights;
  readonly #patience: Patience;

  constructor(native: Native, procfs: ProcessStatus, patience = PATIENCE) {
    this.#native = native;
    this.#procfs = procfs;
    this.#patience = patience;
    this.#rights = new OwnersRights(native);
  }

  /**
   * Has a process do one of jcmd's commands.
   * @param isJava asked while its number can be no other process's
   * @returns what it says
   * @throws AttachError; SystemError where we may not become its user
   */
  async command(pid: number, command: string, isJava: () => boolean): Promise<string> {
    const descriptor = this.#processDescriptor(pid);
    let folder: number | undefined;
    try {
      const owner = ownerOf(this.#procfs, pid);
      folder = openDirectoryUnderRoot(`/proc/${pid}/root`, '/tmp');
      const isStill = isJava();
      // What was read above is this process's if it is there yet.
      if (owner === undefined || !isStill || !this.#isThere(descriptor))
        throw new AttachError('gone', 'has ended, or runs another program');
      if (folder === undefined) throw new AttachError('not_ready', 'has no /tmp that answers');
      const socket = await this.#socket(descriptor, folder, owner);
      try {
        return await this.#ask(socket, owner, command);
      } finally {
        closeSync(socket);
      }
    } finally {
      if (folder !== undefined) closeSync(folder);
      closeSync(descriptor);
    }
  }

  #processDescriptor(pid: number): number {
    try {
      return this.#rights.processDescriptor(pid);
    } catch (error) {
      if (error instanceof SystemError) throw new AttachError('gone', 'has ended');
      throw error;
    }
  }

  #isThere(descriptor: number): boolean {
    try {
      this.#rights.signal(descriptor, EXISTS);
      return true;
    } catch (error) {
      if (error instanceof SystemError) return false;
      throw error;
    }
  }

  /** The one that it listens on, not followed if it is a link: a descriptor that leads to it alone. */
  async #socket(descriptor: number, folder: number, owner: Owner): Promise<number> {
    const name = `/proc/self/fd/${folder}/.java_pid${owner.innerPid}`;
    const listening = socketAt(name, owner);
    if (listening !== undefined) return listening;
    if (!owner.catchesQuit)
      throw new AttachError('not_ready', 'does not take the signal that it is asked by');
    const sign = `/proc/self/fd/${folder}/.attach_pid${owner.innerPid}`;
    const isOurs = this.#leaveSign(sign, owner);
    try {
      this.#rights.with(owner.rights, () => this.#rights.signal(descriptor, SIGQUIT));
      const deadline = performance.now() + this.#patience.listenMs;
      for (;;) {
        await pause();
        const made = socketAt(name, owner);
        if (made !== undefined) return made;
        if (performance.now() > deadline)
          throw new AttachError(
            'silent',
            `did not listen within ${this.#patience.listenMs / 1000} s`,
          );
      }
    } finally {
      if (isOurs) this.#rights.with(owner.rights, () => removed(sign));
    }
  }

  /** Whether it is ours: somebody else may be asking as well. */
  #leaveSign(path: string, { rights }: Owner): boolean {
    const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
    try {
      this.#rights.with(rights, () =>
        closeSync(openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)),
      );
      return true;
    } catch (error) {
      // We may not become its user.
      if (error instanceof SystemError || !isSystemError(error)) throw error;
      if (error.code === 'EEXIST' && isFileOf(path, rights)) return false;
      throw new AttachError('not_its_own', `leaves no room for a file in its /tmp: ${error.code}`);
    }
  }

  async #ask(place: number, owner: Owner, command: string): Promise<string> {
    const fd = this.#rights.with(owner.rights, () => this.#connected(place));
    try {
      // The protocol's version, the command and three arguments.
      const request = ['1', 'jcmd', command, '', ''].map((word) => `${word}\0`).join('');
      const bytes = new TextEncoder().encode(request);
      const { libc } = this.#native;
      const MSG_NOSIGNAL = 0x4000;
      if (Number(libc.send(fd, bytes, bytes.length, MSG_NOSIGNAL)) !== bytes.length)
        throw new AttachError('silent', 'does not take what it is asked');
      return answerIn(await this.#read(fd));
    } finally {
      closeSync(fd);
    }
  }

  #connected(place: number): number {
    const { libc } = this.#native;
    const fd = libc.socket(AF_UNIX, SOCKET_TYPE, ANYONE);
    if (fd < 0)
      throw new AttachError('refused', `no socket: ${errnoName(this.#native.lastErrno())}`);
    const path = new TextEncoder().encode(`/proc/self/fd/${place}\0`);
    const address = new Uint8Array(2 + path.length);
    new Uint16Array(address.buffer, 0, 1)[0] = AF_UNIX;
    address.set(path, 2);
    if (libc.connect(fd, address, address.length) === 0) return fd;
    const why = errnoName(this.#native.lastErrno());
    closeSync(fd);
    throw new AttachError('refused', `does not answer at its socket: ${why}`);
  }

  /** Until it hangs up. */
  async #read(fd: number): Promise<string> {
    const answer = new Uint8Array(MAX_ANSWER_BYTES);
    const deadline = performance.now() + this.#patience.answerMs;
    for (let length = 0; ; ) {
      const room = answer.subarray(length);
      const got = room.length === 0 ? 0 : Number(this.#native.libc.read(fd, room, room.length));
      if (got === 0) return new TextDecoder().decode(answer.subarray(0, length));
      if (got > 0) {
        length += got;
        continue;
      }
      const why = errnoName(this.#native.lastErrno());
      if (why !== 'EAGAIN' && why !== 'EINTR')
        throw new AttachError('silent', `hung up without an answer: ${why}`);
      if (performance.now() > deadline)
        throw new AttachError(
          'silent',
          `did not answer within ${this.#patience.answerMs / 1000} s`,
        );
      await pause();
    }
  }
}

/** A line with a number, 0 for success, and what the command says. */
function answerIn(text: string): string {
  const [, code, said = ''] = /^(-?\d{1,9})\n(.*)$/s.exec(text) ?? [];
  if (code === undefined) throw new AttachError('refused', 'did not answer as HotSpot does');
  if (code === '0') return said;
  // `java.lang.IllegalArgumentException: Unknown diagnostic command` before Java 17.
  const isUnknown = said.includes('Unknown diagnostic command');
  throw new AttachError(
    'refused',
    isUnknown ? 'does not know the command: it is older than Java 17' : `refused with code ${code}`,
  );
}

function ownerOf(procfs: ProcessStatus, pid: number): Owner | undefined {
  try {
    const { uid, gid, nspid, caughtSignals } = procfs.status(pid);
    return {
      rights: { uid: uid.effective, gid: gid.effective },
      innerPid: nspid.at(-1) ?? pid,
      catchesQuit: ((caughtSignals >> BigInt(SIGQUIT - 1)) & 1n) === 1n,
    };
  } catch (error) {
    if (error instanceof ProcfsError) return undefined;
    throw error;
  }
}

/** Undefined where there is none yet. @throws AttachError for what is no socket of its user's */
function socketAt(path: string, { rights }: Owner): number | undefined {
  let fd: number;
  try {
    fd = openSync(path, O_PATH | constants.O_NOFOLLOW);
  } catch (error) {
    if (isSystemError(error)) return undefined;
    throw error;
  }
  const file = fstatSync(fd);
  if (file.isSocket() && file.uid === rights.uid) return fd;
  closeSync(fd);
  throw new AttachError('not_its_own', 'has something else than its socket in its /tmp');
}

function isFileOf(path: string, { uid }: Rights): boolean {
  try {
    const fd = openSync(path, O_PATH | constants.O_NOFOLLOW);
    const file = fstatSync(fd);
    closeSync(fd);
    return file.isFile() && file.uid === uid;
  } catch (error) {
    if (isSystemError(error)) return false;
    throw error;
  }
}

function removed(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    // Somebody was faster.
    if (!isSystemError(error)) throw error;
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, POLL_MS);
  });
}
