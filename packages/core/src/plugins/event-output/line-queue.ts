/** What outputs of events have in common, whether they write text or bytes. */

import type { LostEvent } from '@waggle/events';
import { type EventKind, sumOf } from '@waggle/kernel';

/** Events that may wait for a slow writer here; more wait in the kernel. */
export const QUEUED_EVENTS = 16_384;

/** The loss of these kinds; of others the reader was not promised anything. */
export function lossOf(event: LostEvent, kinds: readonly EventKind[]): LostEvent | undefined {
  const count = sumOf(event.lost, kinds);
  return count === 0 ? undefined : { ...event, count };
}
