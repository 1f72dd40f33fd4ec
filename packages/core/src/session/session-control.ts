/**
 * What plugins and whoever has the session may change while it runs, each as long as it is open.
 */

import type { CollectionCycle } from './collection-cycle.ts';
import type { KernelCapture } from './kernel-capture.ts';
import type { SessionLife } from './session-life.ts';
import type { SessionControl } from './session-service.ts';

export interface ControlledSession {
  readonly capture: Pick<KernelCapture, 'settings' | 'filter'>;
  readonly life: SessionLife;
  readonly cycle: CollectionCycle;
  readonly stop: () => void;
  readonly beginCycle: (endedBefore: number) => void;
  readonly catchUp: () => void;
}

export function sessionControl(session: ControlledSession): SessionControl {
  const { capture, life, cycle, stop, beginCycle, catchUp } = session;
  return {
    stop,
    setLifecycleTracking(on) {
      life.expectOpen('setLifecycleTracking');
      capture.settings.setLifecycleTracking(on);
    },
    setTarget(target) {
      life.expectOpen('setTarget');
      capture.filter.set(target);
    },
    setRateLimit(rateLimit) {
      life.expectOpen('setRateLimit');
      capture.filter.setRateLimit(rateLimit);
    },
    evictPendingExits: (endedBefore = Number.POSITIVE_INFINITY) => beginCycle(endedBefore),
    catchUp() {
      if (!life.ended) catchUp();
    },
    async collection(kinds, gather) {
      life.expectOpen('collection');
      return cycle.run(kinds, gather);
    },
    totals: () => life.totals(),
  };
}
