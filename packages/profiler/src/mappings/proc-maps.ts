// Executable mappings of a process that runs already: /proc/PID/maps, proc(5).

import { readFileSync } from 'node:fs';
import type { NewMapping } from './image-mappings.ts';
import { type Mapping, withoutDeleted } from './perf-records.ts';

const LINE = /^([0-9a-f]+)-([0-9a-f]+) ..(.). ([0-9a-f]+) ([0-9a-f]+):([0-9a-f]+) (\d+) *(.*)$/;

/** Empty when the process is gone or not ours to read. */
export function readExecutableMappings(pid: number): NewMapping[] {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/maps`, 'utf8');
  } catch {
    return [];
  }
  return parseExecutableMappings(text);
}

/**
 * Of memory without a file, the file in front of it goes along: what is there may be a copy of a part of
 * it, put there before anybody looked.
 */
export function parseExecutableMappings(maps: string): NewMapping[] {
  const found: NewMapping[] = [];
  let file: Mapping | undefined;
  for (const line of maps.split('\n')) {
    const match = LINE.exec(line);
    if (match === null) continue;
    const [
      ,
      start = '',
      end = '',
      execute,
      offset = '',
      major = '',
      minor = '',
      inode = '',
      path = '',
    ] = match;
    const mapping: Mapping = {
      start: Number.parseInt(start, 16),
      end: Number.parseInt(end, 16),
      fileOffset: Number.parseInt(offset, 16),
      device: `${Number.parseInt(major, 16)}:${Number.parseInt(minor, 16)}`,
      inode: BigInt(inode),
      // The kernel writes a newline in a path as \012.
      path: withoutDeleted(path).replaceAll('\\012', '\n'),
    };
    if (path.startsWith('/')) file = mapping;
    if (execute !== 'x') continue;
    found.push(path === '' && file !== undefined ? { ...mapping, former: file } : mapping);
  }
  return found;
}
