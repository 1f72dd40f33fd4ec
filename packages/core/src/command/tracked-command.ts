/**
 * Starts the command under observation. No gate and no wrapper shell: our own process is in the kernel's
 * tracked set as a launcher, so its next child is followed from its first execve on. It inherits what
 * we inherited (inheritance.ts), as if we were not there, and signals are its own before they are ours
 * (command-signals.ts).
 */

import { constants } from 'node:os';
import {
  inheritance,
  type Native,
  processState,
  type SpawnUser,
  SystemError,
  spawnProcess,
} from '@waggle/ffi';
import type { KernelSettings } from '@waggle/kernel';
import { isSystemError } from '@waggle/symbols/system-error';
import { printable } from '@waggle/text';
import * as Effect from 'effect/Effect';
import type * as Scope from 'effect/Scope';
import { CommandNotStarted } from '../errors/errors.ts';
import { statOf } from './process-stat.ts';

export interface CommandEnd {
  /** As a shell reports it: the exit status, or 128 + the signal's number. */
  readonly exitCode: number;
}

/** Program and arguments; as bytes where they may be no UTF-8. */
export type CommandLine = readonly [string | Uint8Array, ...(string | Uint8Array)[]];

export interface CommandOptions {
  /** Where its standard output goes: `inherit` ours, `stderr`, `ignore` nowhere. Default `inherit`. */
  readonly stdout?: 'inherit' | 'stderr' | 'ignore' | undefined;
  /** Descriptor of a terminal that it gets as its own, for all three; `stdout` says nothing then. */
  readonly terminal?: number | undefined;
  /** `NAME=value` each, in place of what we have of that name. */
  readonly environment?: readonly string[] | undefined;
  /** Who runs it. Default: who we are. */
  readonly user?: CommandUser | undefined;
  /** It stands before the first instruction of its program, until it gets SIGCONT. Default: no. */
  readonly stopped?: boolean | undefined;
}

export interface CommandUser extends SpawnUser {
  /** `NAME=value` each, in place of what we have of that name: HOME, for example. */
  readonly environment: readonly string[];
}

/** What of a session a command needs; every session with a launcher has it. */
export interface CommandHost {
  readonly kernel: {
    readonly native: Native;
    readonly settings: Pick<KernelSettings, 'signalTimes' | 'trackedProcesses'>;
  };
}

/** SIGCHLD tells at once; this is for what it does not tell. */
const LOOK_MS = 500;
/** A job that was stopped from its terminal is continued with us; until then we stop as well. */
const STOPPED_MS = 50;
/** How long a command may take to end after SIGTERM. */
const GRACE_MS = 2000;
const KILL_ROUND_MS = 10;
const KILL_MS = 2000;
const JOB_CONTROL: ReadonlySet<number> = new Set([
  constants.signals.SIGTSTP,
  constants.signals.SIGTTIN,
  constants.signals.SIGTTOU,
]);

const STDOUT = { inherit: 1, stderr: 2, ignore: 'null' } as const;

/**
 * Starts it. When the scope closes before it has ended, it is ended as by `end()`.
 * Fails with CommandNotStarted (127 not found, 126 not executable).
 */
export const startCommand = Effect.fnUntraced(function* (
  host: CommandHost,
  argv: CommandLine,
  options: CommandOptions = {},
): Effect.fn.Return<TrackedCommand, CommandNotStarted, Scope.Scope> {
  return yield* Effect.acquireRelease(
    Effect.try({
      try: () => new TrackedCommand(host, spawn(host.kernel.native, argv, options)),
      catch: (cause) => notStarted(nameOf(argv), cause),
    }),
    (command) =>
      Effect.promise(async () => {
        await command.end();
        await command.settled();
        command.release();
      }),
  );
});

function spawn(
  native: Native,
  argv: CommandLine,
  { stdout = 'inherit', user, terminal, stopped, environment: given = [] }: CommandOptions,
): number {
  const { ignored, blocked, softLimits, descriptors, environment } = inheritance();
  return spawnProcess(native, {
    argv,
    environment: withVariables(environment(), [...given, ...(user?.environment ?? [])]),
    user,
    stdout: STDOUT[stdout],
    terminal,
    stopped,
    ignoredSignals: ignored,
    blockedSignals: blocked,
    softLimits,
    descriptors,
  });
}

/** Those that are given, and the rest of what there was. */
function withVariables(
  environment: readonly (string | Uint8Array)[],
  given: readonly string[],
): readonly (string | Uint8Array)[] {
  if (given.length === 0) return environment;
  const names = new Set(given.map(nameOfVariable));
  return [...environment.filter((variable) => !names.has(nameOfVariable(variable))), ...given];
}

function nameOfVariable(variable: string | Uint8Array): string {
  const text = typeof variable === 'string' ? variable : new TextDecoder().decode(variable);
  return text.slice(0, text.indexOf('='));
}

export class TrackedCommand {
  /** Once the command itself has ended; what it started may run on. */
  readonly ended: Promise<CommandEnd>;
  readonly #end = Promise.withResolvers<CommandEnd>();
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #look = () => this.#lookAtIt();
  readonly #lastResort = () => this.kill('SIGTERM');
  #running = true;
  #ending: Promise<CommandEnd> | undefined;
  #killing: Promise<void> | undefined;

  readonly #host: CommandHost;

  constructor(
    host: CommandHost,
    readonly pid: number,
  ) {
    this.#host = host;
    this.ended = this.#end.promise;
    process.on('SIGCHLD', this.#look);
    // Whatever makes us exit before the scope is closed.
    process.on('exit', this.#lastResort);
    this.#timer = setInterval(this.#look, LOOK_MS);
  }

  get running(): boolean {
    return this.#running;
  }

  /** Sends it a signal, unless it has ended. */
  kill(signal: NodeJS.Signals): void {
    if (this.#running) kill(this.pid, signal);
  }

  /**
   * Ends it: SIGTERM to it and to those that it started in our session; where it has not ended after two
   * seconds, SIGKILL to it and all its descendants.
   */
  end(): Promise<CommandEnd> {
    this.#ending ??= this.#endNow();
    return this.#ending;
  }

  /** SIGKILL to it and all its descendants, those born meanwhile included. Resolves when all are gone. */
  killAll(): Promise<void> {
    this.#killing ??= this.#killUntilGone();
    return this.#killing;
  }

  /** Resolves when none of its descendants is being killed any more. */
  async settled(): Promise<void> {
    await this.#killing;
  }

  async #killUntilGone(): Promise<void> {
    for (const until = performance.now() + KILL_MS; performance.now() < until; ) {
      const all = this.#descendants();
      this.kill('SIGKILL');
      for (const pid of all) kill(pid, 'SIGKILL');
      this.#lookAtIt();
      if (!this.#running && all.length === 0) return;
      await sleep(KILL_ROUND_MS);
    }
  }

  /** Nobody asks any more. */
  release(): void {
    clearInterval(this.#timer);
    process.off('SIGCHLD', this.#look);
    process.off('exit', this.#lastResort);
  }

  async #endNow(): Promise<CommandEnd> {
    if (!this.#running) return this.ended;
    // Of the second where it has a terminal of its own.
    const sessions = [statOf(process.pid)?.session, this.pid];
    for (const pid of this.#descendants())
      if (pid !== this.pid && sessions.includes(statOf(pid)?.session)) kill(pid, 'SIGTERM');
    this.kill('SIGTERM');
    // One that is stopped can only end once it goes on.
    this.kill('SIGCONT');
    const late = setTimeout(() => void this.killAll(), GRACE_MS);
    try {
      return await this.ended;
    } finally {
      clearTimeout(late);
    }
  }

  /** In the tracked set, which keeps those whose parents have ended. */
  #descendants(): number[] {
    return this.#host.kernel.settings.trackedProcesses().filter((pid) => pid !== process.pid);
  }

  #lookAtIt(): void {
    if (!this.#running) return;
    try {
      const news = processState(this.#host.kernel.native, this.pid);
      if (news.state === 'exited') this.#hasEnded(news.code);
      else if (news.state === 'killed') this.#hasEnded(128 + news.signal);
      else if (news.state === 'stopped' && JOB_CONTROL.has(news.signal))
        setTimeout(() => this.#stopWithIt(news.signal), STOPPED_MS);
    } catch (error) {
      // Where SIGCHLD is ignored, the kernel keeps no status of children.
      if (!(error instanceof SystemError)) throw error;
      this.#hasEnded(0);
    }
  }

  #hasEnded(exitCode: number): void {
    this.#running = false;
    this.#end.resolve({ exitCode });
  }

  /** The shell that waits for us has to see that the job was stopped, and gives the terminal back. */
  #stopWithIt(signal: number): void {
    if (this.#running && statOf(this.pid)?.state === 'T' && statOf(process.pid)?.ttyNr !== 0)
      process.kill(process.pid, signal);
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // Gone, or not ours to end: a set-user-ID program.
    if (!isSystemError(error) || !['ESRCH', 'EPERM'].includes(error.code)) throw error;
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

function nameOf([file]: CommandLine): string {
  return typeof file === 'string' ? file : new TextDecoder().decode(file);
}

function notStarted(command: string, cause: unknown): CommandNotStarted {
  const code = cause instanceof SystemError ? cause.code : String(cause);
  if (code === 'ENOENT')
    return new CommandNotStarted({
      command,
      exitCode: 127,
      message: `${printable(command)}: no such command; check its path or PATH`,
    });
  return new CommandNotStarted({
    command,
    exitCode: 126,
    message: `${printable(command)}: cannot be executed (${code})`,
  });
}
