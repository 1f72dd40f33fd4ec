/** What is wrong with an event that somebody asked for: one line that says what, why and what to do. */

/**
 * - `syntax`: the text names no event
 * - `unknown`: there is no such event, function, probe or library
 * - `unusable`: it is there, and no probe can stand there
 * - `too-many`: more places than were asked for at most
 */
export type BadEventCode = 'syntax' | 'unknown' | 'unusable' | 'too-many';

export class BadEvent extends Error {
  override readonly name = 'BadEvent';
  readonly code: BadEventCode;
  /** The event as it was given. */
  readonly event: string;

  constructor(code: BadEventCode, event: string, why: string) {
    super(`${event}: ${why}`);
    this.code = code;
    this.event = event;
  }
}
