/**
 * What a person reads of an error that nobody expected: one line, and how to see more. The engine's own
 * words would show the line of the bundle where it happened, which is the whole bundle.
 */

import { isSystemError } from '@waggle/symbols/system-error';
import { say } from './messages.ts';

export function sayInternal(problem: unknown): void {
  const text = problem instanceof Error ? problem.message : String(problem);
  if (isSystemError(problem)) {
    say(text);
    return;
  }
  say(`internal error: ${text}`);
  if (process.env.WAGGLE_DEBUG && problem instanceof Error) say(problem.stack ?? '');
  else say('please report it; WAGGLE_DEBUG=1 shows where it happened');
}

/**
 * What an agent's author reads of an error of his that nothing has caught: the message, which may hold what
 * processes have called themselves, and where it was thrown.
 */
export function sayUncaught(problem: unknown): void {
  say(`the agent threw where nothing catches it: ${wordsOf(problem)}`);
}

function wordsOf(problem: unknown): string {
  try {
    return problem instanceof Error ? (problem.stack ?? problem.message) : String(problem);
  } catch {
    return 'what has no words';
  }
}
