/**
 * In which order objects are read, where time may run out: first those that only root or who records
 * could have made, as they were sampled; then everybody else's, small ones first. So a process that maps
 * files which take long to read takes time from its like, and no name from the host's own programs.
 */

import { type FileStatus, fileStatus, sudoCaller } from '@waggle/ffi';
import type { ObjectFile } from '../mappings/object-file.ts';

export interface ToRead<Item> {
  readonly item: Item;
  /** Anybody may have written it. */
  readonly isOthers: boolean;
}

const ROOT = 0n;

export function inReadingOrder<Item>(
  items: readonly Item[],
  objectOf: (item: Item) => ObjectFile,
): readonly ToRead<Item>[] {
  const ours = trustedUsers();
  const ranked = items.map((item) => {
    const status = statusOf(objectOf(item));
    const isOthers = status !== undefined && !ours.has(status.uid);
    return { item, isOthers, size: isOthers ? status.size : -1n };
  });
  return ranked.sort((a, b) => (a.size < b.size ? -1 : a.size > b.size ? 1 : 0));
}

/** Root, who records, and who had root do so. */
function trustedUsers(): ReadonlySet<bigint> {
  const caller = sudoCaller();
  const callers = caller === undefined ? [] : [BigInt(caller.uid)];
  return new Set([ROOT, BigInt(process.geteuid?.() ?? 0), ...callers]);
}

function statusOf({ fd }: ObjectFile): FileStatus | undefined {
  if (fd === undefined) return undefined;
  try {
    return fileStatus(fd);
  } catch {
    return undefined;
  }
}
