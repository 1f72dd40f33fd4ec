/**
 * Brings a Top to a terminal: keys and mouse in, pictures out, and the terminal as it was on every way out.
 */

import type {
  CliRenderer,
  FrameBufferRenderable,
  KeyEvent,
  MouseEvent,
  PasteEvent,
} from '@opentui/core';
import { openNative, terminalWriter } from '@waggle/ffi';
import { outputPlaceOf } from '../app/places.ts';
import type { Top } from '../app/top.ts';
import { backgroundOf, colourDepth, themeFor } from '../screen/theme.ts';
import { LEAVE_KEY } from '../views/output.ts';
import { CellScreen, type Opentui } from './cell-screen.ts';
import { type CommandTerminal, EmbeddedTerminal } from './embedded-terminal.ts';
import { keyOf } from './keys.ts';
import { TerminalOutput } from './terminal-output.ts';

export interface TerminalOptions {
  /** Milliseconds between two pictures that nobody asked for by a key. */
  readonly refreshMs: number;
  readonly mouse: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Of the command, where there is one. */
  readonly output?: CommandTerminal | undefined;
}

/** Two clicks within it are a double click. */
const DOUBLE_CLICK_MS = 400;
const STDOUT = 1;
/** A window that is drawn larger says so at each step. */
const RESIZE_MS = 100;
const FAILURES = ['uncaughtException', 'unhandledRejection'] as const;

/** While it is open, `top` has the terminal. */
export class TerminalView {
  /** Resolves when the person wants to leave. */
  readonly left: Promise<void>;
  readonly #left = Promise.withResolvers<void>();
  readonly #opentui: Opentui;
  readonly #renderer: CliRenderer;
  readonly #cells: FrameBufferRenderable;
  readonly #top: Top;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #onContinue = () => this.#continue();
  readonly #onStop = () => this.#suspend();
  readonly #onExit = () => this.close();
  readonly #onFailure = () => this.#fail();
  readonly #onResize = () => this.#resizeLater();
  readonly #output: EmbeddedTerminal | undefined;
  /** Undefined where the library writes by itself: there is no other way. */
  readonly #written: TerminalOutput | undefined;
  #resizing: ReturnType<typeof setTimeout> | undefined;
  #screen: CellScreen;
  #suspended = false;
  #closed = false;

  readonly #env: TerminalOptions['env'];

  private constructor(
    opentui: Opentui,
    renderer: CliRenderer,
    written: TerminalOutput | undefined,
    top: Top,
    { refreshMs, env, output }: TerminalOptions,
  ) {
    this.#opentui = opentui;
    this.#written = written;
    this.#renderer = renderer;
    this.#top = top;
    this.#env = env;
    this.left = this.#left.promise;
    const { terminalWidth: width, terminalHeight: height } = renderer;
    this.#cells = new opentui.FrameBufferRenderable(renderer, { id: 'top', width, height });
    renderer.root.add(this.#cells);
    this.#screen = this.#newScreen();
    const place = outputPlaceOf(width, height);
    const typeInto = (): void => top.click(place.x, place.y, false);
    if (output !== undefined)
      this.#output = new EmbeddedTerminal(opentui, renderer, output, place, typeInto);
    this.#listen();
    this.#timer = setInterval(() => {
      const now = Date.now();
      top.tick(now);
      // A host that does nothing is drawn by the second.
      if (top.isStale(now)) this.draw();
    }, refreshMs);
    this.draw();
  }

  /** @throws Error where the terminal cannot be had */
  static async open(top: Top, options: TerminalOptions): Promise<TerminalView> {
    // Not before it is wanted: it brings 6 MB of native code along.
    const opentui = await import('@opentui/core');
    const writer = terminalWriter(await openNative(), STDOUT);
    const written = writer && new TerminalOutput(writer, ...size());
    const create = () =>
      opentui.createCliRenderer({
        // It asks for no more of a stream than ours has.
        stdout: (written ?? process.stdout) as NodeJS.WriteStream,
        remote: false,
        exitOnCtrlC: false,
        exitSignals: [],
        useMouse: options.mouse,
        enableMouseMovement: false,
        consoleMode: 'disabled',
        openConsoleOnError: false,
        targetFps: 30,
      });
    const isOfSixteen = colourDepth(options.env) === '16';
    const renderer = await (isOfSixteen ? withIndexedColours(create) : create());
    return new TerminalView(opentui, renderer, written, top, options);
  }

  draw(): void {
    if (this.#suspended || this.#closed) return;
    this.#top.draw(this.#screen);
    const { width, height } = this.#cells;
    this.#output?.place(this.#top.outputPlace(width, height), this.#top.isTyping);
    this.#renderer.requestRender();
  }

  copy(text: string): void {
    this.#renderer.copyToClipboardOSC52(text);
  }

  /** Gives the terminal back. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#timer);
    process.off('SIGCONT', this.#onContinue);
    process.off('SIGTSTP', this.#onStop);
    process.off('exit', this.#onExit);
    process.off('SIGWINCH', this.#onResize);
    clearTimeout(this.#resizing);
    for (const failure of FAILURES) process.off(failure, this.#onFailure);
    this.#giveBack(() => this.#renderer.destroy());
    this.#written?.[Symbol.dispose]();
    this.#left.resolve();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #newScreen(): CellScreen {
    const depth = colourDepth(this.#env);
    const background = this.#renderer.themeMode ?? backgroundOf(this.#env) ?? 'dark';
    const theme = themeFor(depth, background);
    return new CellScreen(this.#opentui, this.#cells.frameBuffer, theme, depth);
  }

  #listen(): void {
    const renderer = this.#renderer;
    const onKey = (event: KeyEvent): void => {
      const key = keyOf(event);
      if (key === undefined && !this.#top.isTyping) return;
      event.preventDefault();
      if (this.#top.isTyping && key !== LEAVE_KEY) {
        this.#output?.press(event);
        return;
      }
      if (key === 'ctrl+z') this.#suspend();
      else if (key !== undefined) this.#press(key);
    };
    renderer.keyInput.on('keypress', heard(onKey));
    const onPaste = (event: PasteEvent): void => {
      event.preventDefault();
      if (this.#top.isTyping) this.#output?.paste(event);
    };
    renderer.keyInput.on('paste', heard(onPaste));
    const onResize = (width: number, height: number): void => {
      this.#cells.width = width;
      this.#cells.height = height;
      this.#cells.frameBuffer.resize(width, height);
      this.#output?.resize(outputPlaceOf(width, height));
      this.draw();
    };
    renderer.on('resize', heard(onResize));
    const onTheme = (): void => {
      this.#screen = this.#newScreen();
      this.draw();
    };
    renderer.on('theme_mode', heard(onTheme));
    let clicked = { x: -1, y: -1, at: 0 };
    this.#cells.onMouseDown = heard(({ x, y, button }: MouseEvent): void => {
      if (button !== 0) return;
      const now = performance.now();
      const twice = clicked.x === x && clicked.y === y && now - clicked.at < DOUBLE_CLICK_MS;
      clicked = { x, y, at: now };
      this.#top.click(x, y, twice);
      this.draw();
    });
    this.#cells.onMouseScroll = heard(({ scroll }: MouseEvent): void => {
      if (scroll?.direction === 'up') this.#press('wheelup');
      if (scroll?.direction === 'down') this.#press('wheeldown');
    });
    if (this.#written !== undefined) process.on('SIGWINCH', this.#onResize);
    process.on('SIGCONT', this.#onContinue);
    process.on('SIGTSTP', this.#onStop);
    process.on('exit', this.#onExit);
    // Before all others, so that what they say is on the terminal as it was.
    for (const failure of FAILURES) process.prependListener(failure, this.#onFailure);
  }

  /** The library's own handler says what happened, and would go on. */
  #fail(): void {
    this.close();
    if (FAILURES.every((failure) => process.listenerCount(failure) === 0))
      setImmediate(() => process.exit(1));
  }

  #press(key: string): void {
    this.#top.press(key);
    if (this.#top.wantsToQuit) {
      this.#left.resolve();
      return;
    }
    if (this.#top.takeRedraw()) {
      this.#renderer.suspend();
      this.#renderer.resume();
    }
    this.draw();
  }

  /** Ctrl-Z, or SIGTSTP of somebody else: the shell has the terminal until it says `fg`. */
  #suspend(): void {
    if (this.#suspended || this.#closed) return;
    this.#suspended = true;
    this.#giveBack(() => this.#renderer.suspend());
    process.kill(0, 'SIGSTOP');
  }

  #giveBack(farewell: () => void): void {
    if (this.#written === undefined) farewell();
    else this.#written.giveBack(farewell);
  }

  /** The library hears of it where it has the terminal itself. */
  #resizeLater(): void {
    clearTimeout(this.#resizing);
    this.#resizing = setTimeout(() => {
      const [columns, rows] = size();
      if (columns > 0 && rows > 0) this.#renderer.resize(columns, rows);
    }, RESIZE_MS);
  }

  #continue(): void {
    if (this.#closed) return;
    // By SIGSTOP it went without a word, and the shell has made the terminal its own.
    if (!this.#suspended) this.#renderer.suspend();
    this.#suspended = false;
    this.#renderer.resume();
    this.draw();
  }
}

/** An error ends the process as any other does: the library would write it over the picture, and go on. */
function heard<Event extends readonly unknown[]>(
  take: (...event: Event) => void,
): (...event: Event) => void {
  return (...event) => {
    try {
      take(...event);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  };
}

/**
 * The library writes colours by their number only where TERM says 256, and 24 bits everywhere else: which is
 * nonsense to a terminal of 16. It reads the variable while the terminal is opened.
 */
async function withIndexedColours<Result>(open: () => Promise<Result>): Promise<Result> {
  const { TERM } = process.env;
  process.env.TERM = 'xterm-256color';
  try {
    return await open();
  } finally {
    process.env.TERM = TERM;
  }
}

/** Columns and rows, now. */
const size = (): readonly [number, number] => process.stdout.getWindowSize();
