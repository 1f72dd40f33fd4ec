/**
 * How the command behind `--` and the view of it end: its code is ours where it has ended by then, and a signal
 * that ends it ends the view too, since whoever sent it to us wants both gone.
 */

import { constants } from 'node:os';
import type { SupervisedCommand } from '@waggle/core/session';
import { heededSignals } from '../../run-effect.ts';

export interface WatchedCommandSettings {
  /** Ends the view. */
  readonly stop: () => void;
  /** Nobody leaves it by a key: it ends with the command. */
  readonly endsWithIt: boolean;
  /** @param how as a shell has it: `code 3`, `SIGKILL` */
  readonly onEnd: (how: string) => void;
}

export class WatchedCommand implements Disposable {
  #code: number | undefined;
  #isToEnd: boolean;
  readonly #stop: () => void;
  readonly #signals = heededSignals().filter((signal) => signal !== 'SIGHUP');
  /** The command gets the first one by superviseCommand, and by the second its end. */
  readonly #onSignal = () => {
    this.#isToEnd = true;
    if (this.#code !== undefined) this.#stop();
  };

  constructor(command: SupervisedCommand, { stop, endsWithIt, onEnd }: WatchedCommandSettings) {
    this.#stop = stop;
    this.#isToEnd = endsWithIt;
    for (const signal of this.#signals) process.on(signal, this.#onSignal);
    // Its terminal is another one: ours is gone, and nobody can leave it any more.
    process.on('SIGHUP', stop);
    command.ended.then(({ exitCode }) => {
      this.#code = exitCode;
      onEnd(inWords(exitCode));
      if (this.#isToEnd) stop();
    });
  }

  /** 0 where it was ended with the view. */
  get exitCode(): number {
    return this.#code ?? 0;
  }

  [Symbol.dispose](): void {
    for (const signal of this.#signals) process.off(signal, this.#onSignal);
    process.off('SIGHUP', this.#stop);
  }
}

/** As a shell would say it. */
function inWords(exitCode: number): string {
  const signal = Object.entries(constants.signals).find(([, each]) => each === exitCode - 128);
  return exitCode > 128 && signal !== undefined ? signal[0] : `code ${exitCode}`;
}
