/**
 * What of a command line may be shown to everybody with the token: the program, and that there were arguments.
 * They often hold passwords and tokens.
 */

import type { ProcessEvent } from '@waggle/core';
import type { HiddenTexts } from '@waggle/core/plugins/event-output';
import { REDACTED } from '@waggle/core/plugins/redaction';

/** The first word of the first argument, since processes write titles of many words there. */
export function hiddenArguments(argv: readonly string[]): readonly string[] {
  return argv.map((word, index) => (index === 0 ? firstWord(word) : REDACTED));
}

/** The event without arguments and environment; the same where it has neither. */
function withHiddenArguments(event: ProcessEvent): ProcessEvent {
  switch (event.event) {
    case 'exec':
      return {
        ...event,
        argv: hiddenArguments(event.argv),
        environ: event.environ?.map(hiddenVariable) ?? null,
      };
    case 'exit':
      return event.argv === null ? event : { ...event, argv: hiddenArguments(event.argv) };
    case 'failed-exec':
      return {
        ...event,
        argv: hiddenArguments(event.argv),
        // A whole command line that was taken for a path fails like this.
        filename: event.filename && firstWord(event.filename),
      };
    default:
      return event;
  }
}

/** Of lines of events. */
export const HIDDEN: HiddenTexts = {
  event: withHiddenArguments,
  arguments: hiddenArguments,
  variable: hiddenVariable,
  failedPath: firstWord,
};

function firstWord(text: string): string {
  return /^\S*/.exec(text)?.[0] ?? '';
}

function hiddenVariable(entry: string): string {
  return `${entry.slice(0, entry.indexOf('=') + 1)}${REDACTED}`;
}
