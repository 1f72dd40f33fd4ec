/**
 * The border between core's Effects and a process: runs one, turns failures into a message and
 * an exit code, and stops gracefully on signals.
 */

import { BadOption, CommandNotStarted, type WaggleError } from '@waggle/core/errors';
import { isIgnored } from '@waggle/ffi';
import * as Cause from 'effect/Cause';
import * as Effect from 'effect/Effect';
import * as Exit from 'effect/Exit';
import { FAILED, USAGE_ERROR } from './exit-code.ts';
import { sayInternal } from './terminal/internal-error.ts';
import { say } from './terminal/messages.ts';

/** As a shell has it. */
const INTERRUPTED = 130;
const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Runs to the end and returns the exit code; says what went wrong, if anything. */
export async function runToExitCode(effect: Effect.Effect<number, WaggleError>): Promise<number> {
  const exit = await Effect.runPromiseExit(effect);
  endAtOnceOnSignals();
  if (Exit.isSuccess(exit)) return exit.value;
  const problem = Cause.squash(exit.cause);
  if (problem instanceof CommandNotStarted) {
    say(problem.message);
    return problem.exitCode;
  }
  if (isWaggleError(problem)) say(problem.message);
  else sayInternal(problem);
  return problem instanceof BadOption ? USAGE_ERROR : FAILED;
}

function isWaggleError(problem: unknown): problem is WaggleError {
  return typeof problem === 'object' && problem !== null && '_tag' in problem;
}

/** Those that end work, but for the ones that were ignored when we were started. */
export function heededSignals(): readonly NodeJS.Signals[] {
  return STOP_SIGNALS.filter((signal) => !isIgnored(signal));
}

/**
 * For work without a command, which has signals of its own (superviseCommand). A signal that was ignored
 * when we were started (nohup, `&` in a script) stays ignored.
 *
 * While the scope is open, the first signal calls `stop`, which is to end the work gracefully.
 * A second one calls `hurry`, where there is such a thing, and the next ends the process at once: the
 * kernel frees every program with its descriptors.
 */
export const stopOnSignal = (stop: () => void, hurry?: () => void) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const steps = hurry === undefined ? [stop] : [stop, hurry];
      const onSignal = () => {
        const step = steps.shift();
        if (step === undefined) process.exit(INTERRUPTED);
        step();
      };
      for (const signal of heededSignals()) process.on(signal, onSignal);
      return onSignal;
    }),
    (onSignal) =>
      Effect.sync(() => {
        endAtOnceOnSignals();
        for (const signal of STOP_SIGNALS) process.off(signal, onSignal);
      }),
  );

const endAtOnce = () => process.exit(INTERRUPTED);

/**
 * From now on: the work is done, and this process is about to end. Without a handler a signal of that moment would end it
 * as if it had been killed in its work.
 */
function endAtOnceOnSignals(): void {
  for (const signal of heededSignals()) {
    process.off(signal, endAtOnce);
    process.on(signal, endAtOnce);
  }
}

/** Disposes with the scope. */
export const scoped = <Resource extends Disposable>(open: () => Resource) =>
  Effect.acquireRelease(Effect.sync(open), (resource) =>
    Effect.sync(() => resource[Symbol.dispose]()),
  );

/** While the scope is open, calls `stop` once when the time is up. */
export const stopAfter = (seconds: number, stop: () => void) =>
  Effect.acquireRelease(
    Effect.sync(() => setTimeout(stop, seconds * 1000)),
    (timer) => Effect.sync(() => clearTimeout(timer)),
  );
