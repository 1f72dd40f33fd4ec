/**
 * A pseudo terminal for the command: its output is ours to show, and what is typed there is the command's.
 * Bun has its reading and writing in its event loop; the side that the command gets is found by its name.
 */

import { readdirSync, readlinkSync } from 'node:fs';
import type { CommandTerminal } from '@waggle/tui';

/** Of output that comes before anybody shows it. */
const MAX_WAITING_BYTES = 1 << 20;

export class OwnTerminal implements CommandTerminal, Disposable {
  /** The command's side; ours until we close. */
  readonly descriptor: number;
  readonly #terminal: Bun.Terminal;
  #take: ((bytes: Uint8Array) => void) | undefined;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;

  /** @throws Error where there is no pseudo terminal to be had: no /dev/pts, or too many of them */
  constructor() {
    const before = terminals();
    this.#terminal = new Bun.Terminal({ data: (_, bytes) => this.#output(bytes) });
    const [descriptor] = [...terminals()].filter((each) => !before.has(each));
    if (descriptor === undefined) {
      this.#terminal.close();
      throw new Error('the new pseudo terminal has no name in /dev/pts');
    }
    this.descriptor = descriptor;
    // It is not what the session waits for.
    this.#terminal.unref();
  }

  onOutput(take: (bytes: Uint8Array) => void): void {
    this.#take = take;
    for (const bytes of this.#waiting) take(bytes);
    this.#waiting = [];
  }

  write(bytes: Uint8Array): void {
    if (!this.#terminal.closed) this.#terminal.write(Uint8Array.from(bytes));
  }

  resize(columns: number, rows: number): void {
    if (!this.#terminal.closed) this.#terminal.resize(columns, rows);
  }

  [Symbol.dispose](): void {
    this.#terminal.close();
  }

  #output(bytes: Uint8Array): void {
    if (this.#take !== undefined) {
      this.#take(bytes);
      return;
    }
    this.#waitingBytes += bytes.length;
    if (this.#waitingBytes <= MAX_WAITING_BYTES) this.#waiting.push(bytes.slice());
  }
}

/** Descriptors of ours that are a terminal's inner side. */
function terminals(): Set<number> {
  const found = new Set<number>();
  for (const name of readdirSync('/proc/self/fd')) {
    try {
      if (/^\/dev\/pts\/\d+$/.test(readlinkSync(`/proc/self/fd/${name}`))) found.add(Number(name));
    } catch {
      // That of the directory itself.
    }
  }
  return found;
}
