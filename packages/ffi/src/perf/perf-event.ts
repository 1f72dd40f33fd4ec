/** perf_event_open(2): one counting or sampling event on one CPU, a handle over its descriptor. */

import { Handle } from '../handle.ts';
import type { Native } from '../native/native.ts';
import { encodePerfEventAttributes, type PerfEventAttributes } from './attributes.ts';

/** __NR_perf_event_open: arch/x86/entry/syscalls/syscall_64.tbl, asm-generic/unistd.h. */
const SYSCALL_NUMBER: Readonly<Record<string, number>> = { x64: 298, arm64: 241 };
const PERF_FLAG_FD_CLOEXEC = 8;
/** _IO('$', n) of linux/perf_event.h */
const IOC_ENABLE = 0x2400;
const IOC_DISABLE = 0x2401;

export interface PerfEventTarget {
  /** A thread, which for a process is its first one; 0: the calling thread; -1: all. */
  readonly pid: number;
  /** -1: every CPU, only together with a pid. */
  readonly cpu: number;
}

export class PerfEvent extends Handle {
  #owned = true;

  readonly #native: Native;
  readonly #descriptor: number;

  private constructor(
    native: Native,
    descriptor: number,
    readonly target: PerfEventTarget,
  ) {
    super(`perf event on CPU ${target.cpu}`);
    this.#native = native;
    this.#descriptor = descriptor;
  }

  /**
   * @throws SystemError EACCES or EPERM: kernel.perf_event_paranoid asks for CAP_PERFMON;
   *   ESRCH: no such process; ENODEV: that CPU is offline; EINVAL: there is no such CPU; EMFILE: too many descriptors.
   */
  static open(native: Native, attributes: PerfEventAttributes, target: PerfEventTarget): PerfEvent {
    const number = SYSCALL_NUMBER[process.arch];
    if (number === undefined) throw new RangeError(`unsupported architecture ${process.arch}`);
    const fd = native.checkErrno(
      `open a perf event on CPU ${target.cpu}`,
      native.libc.syscall(
        number,
        encodePerfEventAttributes(attributes),
        target.pid,
        target.cpu,
        -1,
        PERF_FLAG_FD_CLOEXEC,
      ),
    );
    return new PerfEvent(native, Number(fd), target);
  }

  /** The kernel's descriptor. @throws ClosedError */
  get fd(): number {
    this.guard();
    return this.#descriptor;
  }

  /** @throws ClosedError after close(); SystemError where the kernel refuses. */
  enable(): void {
    this.guard();
    this.#native.checkErrno('enable perf event', this.#native.libc.ioctl(this.fd, IOC_ENABLE, 0));
  }

  /** @throws ClosedError after close(); SystemError where the kernel refuses. */
  disable(): void {
    this.guard();
    this.#native.checkErrno('disable perf event', this.#native.libc.ioctl(this.fd, IOC_DISABLE, 0));
  }

  /**
   * A BpfLink closes the descriptor from now on (libbpf's bpf_link_perf_detach). Returns what
   * the link calls when it does.
   */
  disown(): () => void {
    this.#owned = false;
    return () => this.close();
  }

  protected release(): void {
    if (this.#owned) this.#native.libc.close(this.#descriptor);
  }
}
