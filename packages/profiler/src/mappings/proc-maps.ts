/** What of /proc/PID/maps may hold code. */

import type { MapsEntry } from '@waggle/cache';
import type { NewMapping } from './image-mappings.ts';
import type { Mapping } from './perf-records.ts';

/**
 * Of memory without a file, the file in front of it goes along: what is there may be a copy of a part of
 * it, put there before anybody looked.
 */
export function executableMappings(entries: readonly MapsEntry[]): NewMapping[] {
  const found: NewMapping[] = [];
  let file: Mapping | undefined;
  for (const { start, end, permissions, fileOffset, device, inode, path } of entries) {
    const mapping: Mapping = { start, end, fileOffset, device, inode, path };
    if (path.startsWith('/')) file = mapping;
    if (permissions[2] !== 'x') continue;
    found.push(path === '' && file !== undefined ? { ...mapping, former: file } : mapping);
  }
  return found;
}
