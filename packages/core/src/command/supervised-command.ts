/**
 * A command with everything that belongs to it: started, its signals handed on or held back, ended with the
 * scope. What `trace`, `record` and agents run behind `--`.
 */

import * as Effect from 'effect/Effect';
import type * as Scope from 'effect/Scope';
import type { CommandNotStarted } from '../errors/errors.ts';
import { CommandSignals } from './command-signals.ts';
import {
  type CommandEnd,
  type CommandHost,
  type CommandLine,
  type CommandOptions,
  startCommand,
} from './tracked-command.ts';

/** After the second SIGINT or SIGTERM, whatever the command ended with. */
const INTERRUPTED = 130;

export interface SupervisedCommand {
  readonly pid: number;
  /** Resolves when the command has ended; its code is 130 where a second signal killed it. */
  readonly ended: Promise<CommandEnd>;
  /** SIGTERM, and SIGKILL to all descendants after two seconds. */
  end(): void;
}

/** Fails with CommandNotStarted (127 not found, 126 not executable). */
export const superviseCommand = Effect.fnUntraced(function* (
  host: CommandHost,
  argv: CommandLine,
  options: CommandOptions = {},
): Effect.fn.Return<SupervisedCommand, CommandNotStarted, Scope.Scope> {
  const signals = yield* Effect.acquireRelease(
    Effect.sync(() => new CommandSignals(host)),
    (handlers) => Effect.sync(() => handlers[Symbol.dispose]()),
  );
  const command = yield* startCommand(host, argv, options);
  signals.attach(command);
  const ended = command.ended.then(async ({ exitCode }) => {
    // So that the ends of its descendants are still seen.
    await command.settled();
    return { exitCode: signals.killed ? INTERRUPTED : exitCode };
  });
  return { pid: command.pid, ended, end: () => void command.end() };
});
