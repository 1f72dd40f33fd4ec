/** What of the host's memory is in use, as htop has it: everything but what can be had without swapping. */

import { readFileSync } from 'node:fs';
import type { HostMemory } from '@waggle/tui';

/** Undefined where /proc does not say it. */
export function hostMemory(path = '/proc/meminfo'): HostMemory | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
  const bytesOf = (name: string): number | undefined => {
    const kilobytes = new RegExp(`^${name}: +(\\d+) kB$`, 'm').exec(text)?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  };
  const totalBytes = bytesOf('MemTotal');
  const available = bytesOf('MemAvailable');
  if (totalBytes === undefined || available === undefined) return undefined;
  return { usedBytes: Math.max(totalBytes - available, 0), totalBytes };
}
