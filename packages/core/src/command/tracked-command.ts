// Starts the command under observation. No gate and no wrapper shell: our own process is in the
// kernel's tracked set as a launcher, so its next child is followed from its first execve on,
// with the environment, descriptors and arguments as they were given.

import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { constants } from 'node:os';
import * as Effect from 'effect/Effect';
import type * as Scope from 'effect/Scope';
import { CommandNotStarted } from '../errors/errors.ts';
import { printable } from '../text/printable.ts';

export interface CommandEnd {
  /** As a shell reports it: the exit status, or 128 + the signal's number. */
  readonly exitCode: number;
}

export interface TrackedCommand {
  readonly pid: number;
  readonly ended: Promise<CommandEnd>;
  readonly running: boolean;
  kill(signal: NodeJS.Signals): void;
}

/** Fails with CommandNotStarted (127 not found, 126 not executable). */
export const startCommand = Effect.fnUntraced(function* (
  argv: readonly [string, ...string[]],
  stdio: StdioOptions,
): Effect.fn.Return<TrackedCommand, CommandNotStarted, Scope.Scope> {
  const command = yield* Effect.tryPromise({
    try: () => start(argv, stdio),
    catch: (cause) => notStarted(argv[0], cause),
  });
  // A command that outlives the session was told to end by whoever ended the session.
  yield* Effect.addFinalizer(() => Effect.sync(() => command.kill('SIGTERM')));
  return command;
});

function start(
  [file, ...args]: readonly [string, ...string[]],
  stdio: StdioOptions,
): Promise<TrackedCommand> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio });
    const ended = new Promise<CommandEnd>((end) => {
      child.once('exit', (code, signal) => end({ exitCode: exitCodeOf(code, signal) }));
    });
    child.once('error', reject);
    child.once('spawn', () => resolve(handle(child, ended)));
  });
}

function handle(child: ChildProcess, ended: Promise<CommandEnd>): TrackedCommand {
  return {
    pid: child.pid ?? 0,
    ended,
    get running() {
      return child.exitCode === null && child.signalCode === null;
    },
    kill(signal) {
      if (this.running) child.kill(signal);
    },
  };
}

function exitCodeOf(code: number | null, signal: NodeJS.Signals | null): number {
  if (code !== null) return code;
  return 128 + (signal === null ? 0 : constants.signals[signal]);
}

function notStarted(command: string, cause: unknown): CommandNotStarted {
  const code = (cause as NodeJS.ErrnoException).code;
  if (code === 'ENOENT')
    return new CommandNotStarted({
      command,
      exitCode: 127,
      message: `${printable(command)}: no such command; check its path or PATH`,
    });
  return new CommandNotStarted({
    command,
    exitCode: 126,
    message: `${printable(command)}: cannot be executed (${code ?? String(cause)})`,
  });
}
