/** What an output shows in the place of texts that may hold secrets: the rule is that of whoever shows it. */

import type { ProcessEvent } from '@waggle/events';

/** By kind of text. */
export interface HiddenTexts {
  /** Of an event that is an object, with all that the others hide. */
  event(event: ProcessEvent): ProcessEvent;
  arguments(argv: readonly string[]): readonly string[];
  /** `NAME=value` of an environment. */
  variable(entry: string): string;
  /** The path of an exec that failed: a whole command line may have been taken for one. */
  failedPath(path: string): string;
}
