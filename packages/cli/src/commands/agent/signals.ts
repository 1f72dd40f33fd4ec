/** SIGHUP reads the agent's file again, where there is one; every other signal ends it. */

import { type OtlpExporter, OtlpOptionError } from '@waggle/otlp';
import type { StoreWriter } from '@waggle/store';
import { printable } from '@waggle/text';
import { heededSignals } from '../../run-effect.ts';
import { say } from '../../terminal/messages.ts';
import { BadAgentConfig, settingsOf } from './config.ts';
import { reopenExporter } from './fleet.ts';
import type { AgentOptions } from './options.ts';
import type { SelfLimits } from './self-limits.ts';

/** What can be changed meanwhile. */
export interface Reloadable {
  readonly options: AgentOptions;
  readonly store: StoreWriter | undefined;
  readonly exporter: OtlpExporter | undefined;
  readonly limits: Pick<SelfLimits, 'setLimits'>;
  /** Around a reload. */
  readonly onReload: (isBegin: boolean) => void;
}

export class AgentSignals implements Disposable {
  readonly #stop: () => void;
  readonly #reload: () => void;

  constructor(reloadable: Reloadable, stop: () => void) {
    this.#stop = stop;
    this.#reload = () => (reloadable.options.config === undefined ? stop() : reload(reloadable));
    for (const signal of heededSignals())
      process.on(signal, signal === 'SIGHUP' ? this.#reload : this.#stop);
  }

  [Symbol.dispose](): void {
    for (const signal of heededSignals())
      process.off(signal, signal === 'SIGHUP' ? this.#reload : this.#stop);
  }
}

function reload({ options, store, exporter, limits, onReload }: Reloadable): void {
  onReload(true);
  try {
    const { keepSeconds, maxBytes, budget, otlp } = settingsOf(options);
    if (exporter !== undefined && otlp !== undefined) reopenExporter(exporter, otlp);
    store?.setLimits({ keepMs: keepSeconds * 1000, maxBytes });
    limits.setLimits(budget);
    const what = [
      'the budget',
      ...(store === undefined ? [] : ['age and size']),
      ...(exporter === undefined ? [] : ['the receiver, its headers and certificates']),
    ].join(', ');
    const shown = printable(options.config ?? '');
    say(`${shown} was read again: ${what} from now on, the rest after a restart`);
  } catch (error) {
    if (!(error instanceof BadAgentConfig || error instanceof OtlpOptionError)) throw error;
    say(`warning: nothing is changed: ${printable(error.message)}`);
  } finally {
    onReload(false);
  }
}
