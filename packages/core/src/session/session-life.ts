/**
 * What may be asked of a session, and when: as long as its scope is open. Afterwards the kernel has nothing
 * of it, and its totals are those of the end.
 */

import type { EventReader, EventTotals } from '@waggle/events';
import * as Effect from 'effect/Effect';
import { SessionEnded } from '../errors/errors.ts';

export class SessionLife {
  #last: EventTotals | undefined;

  readonly #reader: EventReader;

  constructor(reader: EventReader) {
    this.#reader = reader;
  }

  get ended(): boolean {
    return this.#last !== undefined;
  }

  end(): void {
    this.#last = this.#reader.totals();
  }

  totals(): EventTotals {
    return this.#last ?? this.#reader.totals();
  }

  /** @throws SessionEnded */
  expectOpen(operation: string): void {
    if (this.ended) throw sessionEnded(operation);
  }

  whileOpen<T, E>(operation: string, effect: Effect.Effect<T, E>) {
    return Effect.suspend(
      (): Effect.Effect<T, E | SessionEnded> =>
        this.ended ? Effect.fail(sessionEnded(operation)) : effect,
    );
  }
}

function sessionEnded(operation: string): SessionEnded {
  return new SessionEnded({
    operation,
    message: `${operation}() was called after the session had ended; call it earlier, or open another session`,
  });
}
