/**
 * Time off the CPU, and wall time: measured by a session of its own while somebody looks at it, since it costs
 * something at each switch of the host.
 */

import { setTimeout } from 'node:timers/promises';
import { cpuProfiler, defaultCacheDirectory } from '@waggle/core/plugins/cpu-profiler';
import { imageRetirement } from '@waggle/core/plugins/image-retirement';
import { offCpu } from '@waggle/core/plugins/off-cpu';
import { processMetadata } from '@waggle/core/plugins/process-metadata';
import { openSession, type SessionConfig } from '@waggle/core/session';
import type { Profile } from '@waggle/formats';
import type { Measure } from '@waggle/tui';
import * as Cause from 'effect/Cause';
import * as Effect from 'effect/Effect';
import * as Exit from 'effect/Exit';
import { scoped } from '../../run-effect.ts';
import { whyNoOffCpu } from '../record/off-cpu.ts';
import { Collections } from './collections.ts';
import type { TopOptions } from './options.ts';
import { samplesByThread } from './samples-by-thread.ts';

/** Loading its programs lets nothing else happen: the key's own picture comes before. */
const SEEN_MS = 100;

export interface MoreSamplesSettings extends Pick<TopOptions, 'frequency' | 'lines'> {
  /** Whom it is about, at that moment. */
  target(): Pick<SessionConfig, 'pids' | 'cgroups'> & {
    readonly named: (() => readonly number[]) | undefined;
  };
  readonly onProfile: (measure: Measure, profile: Profile, until: number) => void;
  readonly onProblem: (message: string) => void;
}

export class MoreSamples {
  readonly #settings: MoreSamplesSettings;
  #measure: Measure = 'cpu';
  #stop = () => {};
  /** One after the other: the programs of the one before are gone by then. */
  #last: Promise<void> = Promise.resolve();

  constructor(settings: MoreSamplesSettings) {
    this.#settings = settings;
  }

  /** Measures that and nothing else of its kind. Says why it cannot. */
  measure(measure: Measure): string | undefined {
    const problem = measure === 'cpu' ? undefined : whyNoOffCpu();
    if (problem !== undefined) return problem;
    this.#measure = measure;
    this.#stop();
    if (measure !== 'cpu')
      this.#last = this.#last.then(() => setTimeout(SEEN_MS)).then(() => this.#run(measure));
    return undefined;
  }

  /** Resolves when nothing of it is left in the kernel. */
  async end(): Promise<void> {
    this.measure('cpu');
    await this.#last;
  }

  async #run(measure: 'off-cpu' | 'wall'): Promise<void> {
    if (measure !== this.#measure) return;
    const exit = await Effect.runPromiseExit(Effect.scoped(this.#session(measure)));
    if (Exit.isSuccess(exit)) return;
    const problem = Cause.squash(exit.cause);
    this.#settings.onProblem(problem instanceof Error ? problem.message : String(problem));
  }

  #session(measure: 'off-cpu' | 'wall') {
    const { onProfile, onProblem } = this.#settings;
    return Effect.flatMap(openSession(this.#config(measure)), (session) =>
      Effect.gen({ self: this }, function* () {
        this.#stop = () => session.stop();
        if (measure !== this.#measure) return;
        yield* scoped(
          () =>
            new Collections(
              session,
              (profile, until) => onProfile(measure, profile, until),
              onProblem,
            ),
        );
        yield* session.run;
      }),
    );
  }

  #config(measure: 'off-cpu' | 'wall'): SessionConfig {
    const { frequency, lines, target, onProblem } = this.#settings;
    const { pids, cgroups, named } = target();
    return {
      trackProcessLifecycle: true,
      execDetail: false,
      plugins: [
        processMetadata(),
        cpuProfiler({
          ...samplesByThread(lines === true),
          cacheDirectory: defaultCacheDirectory(),
          cpuClock: false,
          manyStacks: true,
          pids: named,
        }),
        offCpu({ onCpu: measure === 'wall', frequencyHz: frequency }),
        imageRetirement(),
      ],
      onPluginProblem: ({ message }) => onProblem(message),
      pids,
      cgroups,
    };
  }
}
