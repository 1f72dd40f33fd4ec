/** The terminal of the command inside of ours: its bytes in, what is typed out. */

import type { CliRenderer, EmbeddedTerminalRenderable, KeyEvent, PasteEvent } from '@opentui/core';
import type { Place } from '../app/places.ts';
import type { Opentui } from './cell-screen.ts';

/** The other side of it: the pseudo terminal that the command has. */
export interface CommandTerminal {
  /** Its output; called at once with what came before. */
  onOutput(take: (bytes: Uint8Array) => void): void;
  /** What is typed, and answers to what the command asks its terminal. */
  write(bytes: Uint8Array): void;
  resize(columns: number, rows: number): void;
}

/** Bytes of lines that went out at the top. */
const SCROLLBACK = 256 * 1024;
/** Of output between two pictures. */
const MAX_WAITING_BYTES = 256 * 1024;

export class EmbeddedTerminal {
  readonly #inner: EmbeddedTerminalRenderable;
  /** What came while it was not to be seen: each piece by itself would be a picture. */
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;

  constructor(
    opentui: Opentui,
    renderer: CliRenderer,
    terminal: CommandTerminal,
    { x, y, width, height }: Place,
    onClick: () => void,
  ) {
    this.#inner = new opentui.EmbeddedTerminalRenderable(renderer, {
      ...{ id: 'output', position: 'absolute', left: x, top: y, width, height },
      ...{ cols: width, rows: height, maxScrollback: SCROLLBACK },
      visible: false,
      zIndex: 1,
      selectable: false,
      onData: (bytes) => terminal.write(bytes),
      onTerminalResize: (columns, rows) => terminal.resize(columns, rows),
      onMouseDown: onClick,
    });
    renderer.root.add(this.#inner);
    terminal.resize(width, height);
    terminal.onOutput((bytes) => this.#take(bytes));
  }

  /** Where it is to be seen, if it is. With every picture. */
  place(place: Place | undefined, isTyping: boolean): void {
    const inner = this.#inner;
    this.#flush();
    inner.visible = place !== undefined;
    if (isTyping) inner.focus();
    else inner.blur();
  }

  resize({ x, y, width, height }: Place): void {
    const inner = this.#inner;
    inner.left = x;
    inner.top = y;
    inner.width = width;
    inner.height = height;
  }

  #take(bytes: Uint8Array): void {
    if (this.#inner.visible) {
      this.#inner.write(bytes);
      return;
    }
    this.#waiting.push(bytes.slice());
    this.#waitingBytes += bytes.length;
    if (this.#waitingBytes > MAX_WAITING_BYTES) this.#flush();
  }

  #flush(): void {
    if (this.#waitingBytes === 0) return;
    const all = Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#inner.write(all);
  }

  press(key: KeyEvent): void {
    this.#inner.handleKeyPress(key);
  }

  paste(event: PasteEvent): void {
    this.#inner.handlePaste(event);
  }
}
