/** What of the host's memory is in use, as htop has it: everything but what can be had without swapping. */

import { memoryInfo } from '@waggle/ffi';
import type { HostMemory } from '@waggle/tui';

/** Undefined where /proc does not say it. */
export function hostMemory(path?: string): HostMemory | undefined {
  let bytes: ReadonlyMap<string, number>;
  try {
    bytes = memoryInfo(path);
  } catch {
    return undefined;
  }
  const totalBytes = bytes.get('MemTotal');
  const available = bytes.get('MemAvailable');
  if (totalBytes === undefined || available === undefined) return undefined;
  return { usedBytes: Math.max(totalBytes - available, 0), totalBytes };
}
