/** What an output of events is, whatever its format. */

import type { EventLines } from './event-lines.ts';

export interface EventOutput {
  /** As it was given, for messages. */
  readonly path: string;
  /** Where it is by now, where that is not its path: the pieces of a file that rotates. */
  readonly pieces?: string | undefined;
  /** Events that are in it for good. */
  readonly events: number;
  /** @throws OutputFailed, NodeJS.ErrnoException; then nothing of the lines is there, and nothing more is to be written. */
  write(lines: EventLines): void | Promise<void>;
  /** Puts it in its place, whole. @throws OutputFailed, NodeJS.ErrnoException */
  finish(): void | Promise<void>;
  /** After an error: what is there stays readable. Where, if not in its place. */
  giveUp(): string | Promise<string>;
  /** Nothing came: nothing stays. */
  discard(): void;
}
