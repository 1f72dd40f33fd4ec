/**
 * Frames that say where a thread was when it did not run, and what stands on top of them: recordings of time off the
 * CPU have them. Whoever runs has no such frame.
 */
import type { ProfileFrame } from '../profile.ts';

export const THREAD_STATES: readonly string[] = [
  ...['[runnable]', '[interruptible]', '[uninterruptible]'],
];
/** Between who slept and who woke it. */
export const WOKEN_BY = '[woken by]';
/** Of stacks without a state. */
export const RUNNING = 'running';

/** The index in THREAD_STATES; -1 for no state. */
export function threadStateOf({ kind, name }: ProfileFrame): number {
  return kind === 'process' ? THREAD_STATES.indexOf(name) : -1;
}

/** As a reader says it. */
export function stateName(name: string): string {
  return name.replace(/^\[|\]$/g, '');
}
