/** A loaded program and the links that attach it. */

import { ClosedError } from '../errors/system-error.ts';
import { Handle } from '../handle.ts';
import type { Address } from '../native/backend.ts';
import type { Native } from '../native/native.ts';
import type { PerfEvent } from '../perf/perf-event.ts';

/** struct bpf_test_run_opts of bpf/bpf.h, libbpf 1.x. */
const TEST_RUN = { bytes: 80, sz: 0, ctx_in: 32, ctx_size_in: 48, retval: 56 } as const;

/** A place in a file with code. */
export interface UprobePlace {
  /** In the file. */
  readonly offset: number;
  /** Of the counter that says whether a USDT probe is wanted, in the file; the kernel counts it up. */
  readonly semaphore?: number | undefined;
  /** What the program reads by bpf_get_attach_cookie(). */
  readonly cookie: bigint;
}

/** A function of the kernel. */
export interface KprobePlace {
  readonly address: bigint;
  readonly cookie: bigint;
}

export class BpfProgram {
  readonly #native: Native;
  readonly #owner: Handle;
  readonly #address: Address;
  readonly #descriptor: number;

  constructor(
    native: Native,
    owner: Handle,
    address: Address,
    readonly name: string,
    descriptor: number,
  ) {
    this.#native = native;
    this.#owner = owner;
    this.#address = address;
    this.#descriptor = descriptor;
  }

  /** The kernel's descriptor, for calls that this class does not cover. @throws ClosedError */
  get fd(): number {
    this.#guard();
    return this.#descriptor;
  }

  /**
   * Attaches to the hook that the program's section names.
   * @throws SystemError with the errno of the kernel's refusal.
   */
  attach(): BpfLink {
    this.#guard();
    const link = this.#native.checkPointer(`attach ${this.name}`, () =>
      this.#native.libbpf.bpf_program__attach(this.#address),
    );
    return new BpfLink(this.#native, link, this.name);
  }

  /**
   * Runs the program at every overflow of the event, and enables it. The link takes over the
   * event's life: closing the link closes both.
   * @param cookie what the program reads by bpf_get_attach_cookie() (Linux 5.15).
   * @throws SystemError with the errno of the kernel's refusal, EOPNOTSUPP where it has no cookies; the
   *   event is still the caller's.
   */
  attachPerfEvent(event: PerfEvent, cookie = 0n): BpfLink {
    return this.#link(
      'a perf event',
      () => this.#native.waggle.waggle_attach_perf_event(this.#address, event.fd, cookie),
      () => event.disown(),
    );
  }

  /**
   * Runs it wherever a process executes one of these places of a file, by one link (Linux 6.6). The
   * program's section is `uprobe.multi`, or `uretprobe.multi` for what is to run when the functions return.
   * @param path as this process sees the file; it need not be there any more afterwards.
   * @throws SystemError EINVAL: a place is none that can be probed; ENOENT: no such file.
   */
  attachUprobes(path: string, places: readonly UprobePlace[], atReturn = false): BpfLink {
    const numbers = (of: (place: UprobePlace) => bigint | number) =>
      bytesOf(places.map((place) => BigInt(of(place))));
    const hasSemaphores = places.some(({ semaphore }) => semaphore !== undefined);
    return this.#link(`${places.length} places of ${path}`, () =>
      this.#native.waggle.waggle_attach_uprobes(
        this.#address,
        this.#native.cString(path),
        numbers(({ offset }) => offset),
        hasSemaphores ? numbers(({ semaphore = 0 }) => semaphore) : null,
        numbers(({ cookie }) => cookie),
        places.length,
        Number(atReturn),
      ),
    );
  }

  /** The same for one place, on older kernels too (4.17); the section is `uprobe` or `uretprobe`. @throws SystemError */
  attachUprobe(path: string, place: UprobePlace, atReturn = false): BpfLink {
    const { offset, semaphore = 0, cookie } = place;
    return this.#link(`0x${offset.toString(16)} of ${path}`, () =>
      this.#native.waggle.waggle_attach_uprobe(
        this.#address,
        this.#native.cString(path),
        offset,
        semaphore,
        cookie,
        Number(atReturn),
      ),
    );
  }

  /**
   * Runs it at functions of the kernel, by one link (Linux 5.18, with fprobe). The section is `kprobe.multi`
   * or `kretprobe.multi`.
   * @throws SystemError EOPNOTSUPP: this kernel has none; EINVAL: one of them cannot be probed.
   */
  attachKprobes(places: readonly KprobePlace[], atReturn = false): BpfLink {
    return this.#link(`${places.length} functions of the kernel`, () =>
      this.#native.waggle.waggle_attach_kprobes(
        this.#address,
        bytesOf(places.map(({ address }) => address)),
        bytesOf(places.map(({ cookie }) => cookie)),
        places.length,
        Number(atReturn),
      ),
    );
  }

  /** The same at one function, `offset` bytes into it; `kprobe` or `kretprobe`. @throws SystemError ENOENT: no such function, or no kprobes. */
  attachKprobe(name: string, offset: number, cookie: bigint, atReturn = false): BpfLink {
    return this.#link(`the kernel's ${name}`, () =>
      this.#native.waggle.waggle_attach_kprobe(
        this.#address,
        this.#native.cString(name),
        offset,
        cookie,
        Number(atReturn),
      ),
    );
  }

  /** At a tracepoint by its name alone, without tracefs; `raw_tp`. @throws SystemError EINVAL: no such tracepoint, or a cookie before Linux 6.10. */
  attachRawTracepoint(name: string, cookie = 0n): BpfLink {
    return this.#link(`the tracepoint ${name}`, () =>
      this.#native.waggle.waggle_attach_raw_tracepoint(
        this.#address,
        this.#native.cString(name),
        cookie,
      ),
    );
  }

  /** At an event of tracefs; `tracepoint`. @throws SystemError ENOENT: no such event, or tracefs is not mounted. */
  attachTracepoint(system: string, name: string, cookie = 0n): BpfLink {
    return this.#link(`the tracepoint ${system}:${name}`, () =>
      this.#native.waggle.waggle_attach_tracepoint(
        this.#address,
        this.#native.cString(system),
        this.#native.cString(name),
        cookie,
      ),
    );
  }

  /**
   * Runs it once on this thread, with these arguments: a program of a raw tracepoint (Linux 5.10).
   * @returns what it returned. @throws SystemError EINVAL for programs that cannot be run so.
   */
  run(args: readonly bigint[]): number {
    this.#guard();
    const context = bytesOf(args);
    const options = new Uint8Array(TEST_RUN.bytes);
    const view = new DataView(options.buffer);
    view.setBigUint64(TEST_RUN.sz, BigInt(TEST_RUN.bytes), true);
    view.setBigUint64(TEST_RUN.ctx_in, BigInt(this.#native.backend.addressOf(context)), true);
    view.setUint32(TEST_RUN.ctx_size_in, context.length, true);
    this.#native.check(`run ${this.name}`, () =>
      this.#native.libbpf.bpf_prog_test_run_opts(this.#descriptor, options),
    );
    return view.getUint32(TEST_RUN.retval, true);
  }

  #link(where: string, attach: () => Address, disown?: () => () => void): BpfLink {
    this.#guard();
    const link = this.#native.checkPointer(`attach ${this.name} to ${where}`, attach);
    return new BpfLink(this.#native, link, this.name, disown?.());
  }

  #guard(): void {
    if (this.#owner.closed) throw new ClosedError(`program ${this.name}`);
  }
}

function bytesOf(numbers: readonly bigint[]): Uint8Array {
  return new Uint8Array(BigUint64Array.from(numbers).buffer);
}

/** One attachment. Closing it detaches the program. */
export class BpfLink extends Handle {
  readonly #native: Native;
  readonly #address: Address;
  /** Told that libbpf closes the descriptor of the perf event that was linked. */
  readonly #onClose: (() => void) | undefined;

  constructor(
    native: Native,
    address: Address,
    program: string,

    onClose?: () => void,
  ) {
    super(`link of ${program}`);
    this.#native = native;
    this.#address = address;
    this.#onClose = onClose;
  }

  /** The kernel's descriptor of it, for calls that this class does not cover. @throws ClosedError */
  get fd(): number {
    this.guard();
    return this.#native.libbpf.bpf_link__fd(this.#address);
  }

  protected release(): void {
    this.#onClose?.();
    this.#native.libbpf.bpf_link__destroy(this.#address);
  }
}
