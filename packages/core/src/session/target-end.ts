/**
 * Tells when everything that a session follows has ended: the processes it was given and all their
 * descendants. The kernel's set of them is asked, since the session may have no events of exits.
 */

import type { KernelSettings } from '@waggle/kernel';

/** One system call each. */
const LOOK_MS = 250;

/** Calls `onEnd` once, unless disposed before. */
export function watchTarget(
  { kernel: { settings } }: { readonly kernel: { readonly settings: KernelSettings } },
  onEnd: () => void,
): Disposable {
  const timer = setInterval(() => {
    // What could not be followed for want of room may run on.
    if (settings.tracksAny() || settings.readCounts().trackingOverflow > 0) return;
    clearInterval(timer);
    onEnd();
  }, LOOK_MS);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
