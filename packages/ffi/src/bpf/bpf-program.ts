/** A loaded program and the links that attach it. */

import { ClosedError } from '../errors/system-error.ts';
import { Handle } from '../handle.ts';
import type { Address } from '../native/backend.ts';
import type { Native } from '../native/native.ts';
import type { PerfEvent } from '../perf/perf-event.ts';

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
   * @throws SystemError with the errno of the kernel's refusal; the event is still the caller's.
   */
  attachPerfEvent(event: PerfEvent): BpfLink {
    this.#guard();
    const link = this.#native.checkPointer(`attach ${this.name} to a perf event`, () =>
      this.#native.libbpf.bpf_program__attach_perf_event(this.#address, event.fd),
    );
    return new BpfLink(this.#native, link, this.name, event.disown());
  }

  #guard(): void {
    if (this.#owner.closed) throw new ClosedError(`program ${this.name}`);
  }
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

  protected release(): void {
    this.#onClose?.();
    this.#native.libbpf.bpf_link__destroy(this.#address);
  }
}
