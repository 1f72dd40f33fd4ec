// Executable mappings of a process that runs already: /proc/PID/maps, proc(5).

import { readFileSync } from 'node:fs';
import { type Mapping, withoutDeleted } from './perf-records.ts';

const LINE = /^([0-9a-f]+)-([0-9a-f]+) ..(.). ([0-9a-f]+) ([0-9a-f]+):([0-9a-f]+) (\d+) *(.*)$/;

/** Empty when the process is gone or not ours to read. */
export function readExecutableMappings(pid: number): Mapping[] {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/maps`, 'utf8');
  } catch {
    return [];
  }
  return parseExecutableMappings(text);
}

export function parseExecutableMappings(maps: string): Mapping[] {
  const found: Mapping[] = [];
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
    if (execute !== 'x') continue;
    found.push({
      start: Number.parseInt(start, 16),
      end: Number.parseInt(end, 16),
      fileOffset: Number.parseInt(offset, 16),
      device: `${Number.parseInt(major, 16)}:${Number.parseInt(minor, 16)}`,
      inode: BigInt(inode),
      // The kernel writes a newline in a path as \012.
      path: withoutDeleted(path).replaceAll('\\012', '\n'),
    });
  }
  return found;
}
