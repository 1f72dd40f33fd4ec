/**
 * A signal once sampling has ended: names are being read, which may take longer than somebody wants to
 * wait. The first one ends that, and what there is is written; the next ends the process.
 */

import type { ProfilerService } from '@waggle/core/plugins/cpu-profiler';
import { heededSignals } from '../../run-effect.ts';
import { say } from '../../terminal/messages.ts';

const INTERRUPTED = 130;

export class NamingSignals implements Disposable {
  #isEnded = false;
  /** A signal. */
  readonly heed = (): void => {
    if (!this.end()) process.exit(INTERRUPTED);
  };

  readonly #profiler: Pick<ProfilerService, 'endNaming'>;

  constructor(profiler: Pick<ProfilerService, 'endNaming'>) {
    this.#profiler = profiler;
  }

  /** Takes the signals from now on. */
  begin(): void {
    for (const signal of heededSignals()) process.on(signal, this.heed);
  }

  /** Ends naming; false if it was ended before. */
  end(): boolean {
    if (this.#isEnded) return false;
    this.#isEnded = true;
    say('naming was ended: what has no name yet stays without');
    this.#profiler.endNaming();
    return true;
  }

  [Symbol.dispose](): void {
    for (const signal of heededSignals()) process.off(signal, this.heed);
  }
}
