// The waggle command as a user runs it: a process of its own, its output read as it comes. At the
// end of its scope it is killed, with everything it started, and the kernel has to be clean.

import { join } from 'node:path';
import { expectFreed, heldBpfObjects } from './bpf-objects.ts';
import { eventually, within } from './deadline.ts';
import type { TraceEvent } from './events.ts';
import { Descendants, killHard, killWitnesses } from './processes.ts';

const root = join(import.meta.dir, '../..');

/**
 * It bundles anew what changed, so that no test runs stale code. WAGGLE_COMMAND=FILE has all tests run that, for
 * example the one executable of `npm run build:binary`.
 */
export const WAGGLE: readonly string[] = [process.env.WAGGLE_COMMAND ?? join(root, 'waggle')];

const READY_WITHIN_MS = 100_000;
const END_WITHIN_MS = 100_000;
/** A look takes a millisecond or two, of a CPU that waggle would have. */
const REMEMBER_EVERY_MS = 50;

export interface WaggleOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Put before the command: setpriv, for example. */
  readonly prefix?: readonly string[];
  /** How long its end may be waited for: 100 seconds, or what it follows takes longer on a busy machine. */
  readonly endWithinMs?: number;
  /** A file for standard output instead of the pipe that is read. */
  readonly stdout?: Bun.BunFile;
}

export interface WaggleResult {
  readonly code: number;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The lines of stdout, decoded. Only for trace --json. */
  readonly events: readonly TraceEvent[];
}

export class Waggle implements AsyncDisposable {
  readonly pid: number;
  stdout = '';
  stderr = '';
  readonly #child: Bun.Subprocess;
  readonly #reading: Promise<unknown>;
  readonly #endWithinMs: number;
  /** Of stderr. */
  #more = Promise.withResolvers<'more'>();
  #held: ReadonlySet<string> = new Set();
  readonly #below: Descendants;

  constructor(args: readonly string[], options: WaggleOptions = {}) {
    this.#child = Bun.spawn([...(options.prefix ?? []), ...WAGGLE, ...args], {
      cwd: options.cwd ?? root,
      env: { ...process.env, NO_COLOR: undefined, ...options.env },
      stdin: 'ignore',
      stdout: options.stdout ?? 'pipe',
      stderr: 'pipe',
    });
    this.pid = this.#child.pid;
    this.#below = new Descendants(this.pid);
    this.#endWithinMs = options.endWithinMs ?? END_WITHIN_MS;
    const { stdout, stderr } = this.#child;
    this.#reading = Promise.all([
      stdout instanceof ReadableStream
        ? collect(stdout, (text) => {
            this.stdout += text;
          })
        : undefined,
      collect(stderr as ReadableStream<Uint8Array<ArrayBuffer>>, (text) => {
        this.stderr += text;
        this.#more.resolve('more');
        this.#more = Promise.withResolvers();
      }),
    ]);
  }

  /** `waggle trace --json ARGS`, from the moment on from which it captures everything. */
  static async trace(args: readonly string[] = [], options: WaggleOptions = {}): Promise<Waggle> {
    const waggle = new Waggle(['trace', '--json', ...args], options);
    await waggle.says(/^waggle: ready/m);
    return waggle;
  }

  /** `waggle record ARGS`, from the moment on from which it samples. */
  static async record(args: readonly string[], options: WaggleOptions = {}): Promise<Waggle> {
    const waggle = new Waggle(['record', ...args], options);
    await waggle.says(/^waggle: recording/m);
    return waggle;
  }

  /** Runs to its own end. */
  static async run(args: readonly string[], options: WaggleOptions = {}): Promise<WaggleResult> {
    await using waggle = new Waggle(args, options);
    return await waggle.result();
  }

  /** Waits for a line on stderr. @throws when it ends without having said that. */
  async says(pattern: RegExp): Promise<void> {
    const watch = this.#watch();
    try {
      const ended = this.#child.exited.then(() => this.#reading).then(() => 'ended' as const);
      const heard = async () => {
        while (!pattern.test(this.stderr)) {
          const next = await Promise.race([ended, this.#more.promise]);
          if (next === 'ended' && !pattern.test(this.stderr))
            throw new Error(`waggle ended with ${this.#child.exitCode}`);
        }
      };
      await within(`waggle to say ${pattern}`, heard(), READY_WITHIN_MS);
      this.#remember();
    } catch (error) {
      await this[Symbol.asyncDispose]();
      throw new Error(`${(error as Error).message}; stderr:\n${this.stderr}`);
    } finally {
      clearInterval(watch);
    }
  }

  /** Events so far, complete lines only. */
  get events(): TraceEvent[] {
    return parseEvents(this.stdout.slice(0, this.stdout.lastIndexOf('\n') + 1));
  }

  /** The first event that fits, now or as soon as it comes. */
  async event<E extends TraceEvent>(fits: (event: TraceEvent) => event is E): Promise<E>;
  async event(fits: (event: TraceEvent) => boolean): Promise<TraceEvent>;
  async event(fits: (event: TraceEvent) => boolean): Promise<TraceEvent> {
    return eventually('an event', () => this.events.find(fits));
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  kill(signal: NodeJS.Signals): void {
    this.#remember();
    this.#child.kill(signal);
  }

  /** Ends it as Ctrl-C does. */
  async stop(signal: NodeJS.Signals = 'SIGINT'): Promise<WaggleResult> {
    this.kill(signal);
    return this.result();
  }

  /** Waits for its end. */
  async result(): Promise<WaggleResult> {
    const watch = this.#watch();
    try {
      await within('waggle to end', this.#child.exited, this.#endWithinMs);
      await within('the end of its output', this.#reading, END_WITHIN_MS);
    } catch (error) {
      throw new Error(`${(error as Error).message}; stderr:\n${this.stderr}`);
    } finally {
      clearInterval(watch);
    }
    const { exitCode, signalCode } = this.#child;
    const { stdout, stderr } = this;
    return {
      code: exitCode ?? -1,
      signal: typeof signalCode === 'string' ? signalCode : null,
      stdout,
      stderr,
      get events() {
        return parseEvents(stdout);
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#remember();
      this.#below.lookAtAll();
      killHard(this.pid);
      await this.#child.exited;
    }
    killWitnesses(this.#below.seen);
    await expectFreed(this.#held);
  }

  #watch(): ReturnType<typeof setInterval> {
    return setInterval(() => this.#remember(), REMEMBER_EVERY_MS);
  }

  /** Notes what it holds in the kernel and whom it started, to look for them after the end. */
  #remember(): void {
    this.#below.look();
    const now = heldBpfObjects(this.pid);
    if (now.size > 0) this.#held = new Set([...this.#held, ...now]);
  }
}

async function collect(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  add: (text: string) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  for await (const chunk of stream) add(decoder.decode(chunk, { stream: true }));
}

function parseEvents(lines: string): TraceEvent[] {
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as TraceEvent);
}
