/** What ends a recording, once: a signal, the time, nobody who reads. With a command it is the command that ends. */

import type { Session, SupervisedCommand } from '@waggle/core/session';
import type { NamingSignals } from './naming-signals.ts';

export class Ending {
  #isSampling = true;
  #command: SupervisedCommand | undefined;

  readonly #session: Pick<Session, 'stop'>;
  readonly #naming: Pick<NamingSignals, 'begin' | 'end'>;

  constructor(session: Pick<Session, 'stop'>, naming: Pick<NamingSignals, 'begin' | 'end'>) {
    this.#session = session;
    this.#naming = naming;
  }

  /** Whatever else ends the recording ends the command first. */
  stop(): void {
    if (this.#command === undefined) this.#endSampling();
    else this.#command.end();
  }

  /** A signal: once sampling has ended it is about the names. */
  heedSignal(): void {
    if (this.#isSampling) this.stop();
    else this.#naming.end();
  }

  /** From now on the recording ends with it. */
  follow(command: SupervisedCommand): void {
    this.#command = command;
    command.ended.then(() => this.#endSampling()).then(() => this.#naming.begin());
  }

  #endSampling(): void {
    this.#isSampling = false;
    this.#session.stop();
  }
}
