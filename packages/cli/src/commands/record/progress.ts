/** A line on stderr that says how far the recording is; only where somebody can watch it. */

import type { ProfilerService } from '@waggle/core/plugins/cpu-profiler';
import * as Effect from 'effect/Effect';
import { isTerminal } from '../../terminal/is-terminal.ts';
import { clearProgress, showProgress } from '../../terminal/messages.ts';

const STDERR = 2;
const INTERVAL_MS = 500;

export function startProgress(profiler: ProfilerService) {
  return Effect.acquireRelease(
    Effect.sync(() => {
      if (!isTerminal(STDERR)) return undefined;
      const startedAt = performance.now();
      return setInterval(() => {
        const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
        showProgress(`${seconds} s, ${profiler.counts().stored} samples `);
      }, INTERVAL_MS);
    }),
    (timer) =>
      Effect.sync(() => {
        if (timer === undefined) return;
        clearInterval(timer);
        clearProgress();
      }),
  );
}
