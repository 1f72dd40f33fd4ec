/**
 * /proc/PID/maps: what a process has mapped, proc_pid_maps(5). One line a mapping; the path at its end
 * may hold anything but a newline, which the kernel writes as \012 (seq_path() of fs/seq_file.c).
 */
import type { MapsEntry } from './procfs.ts';

const LINE = /^([0-9a-f]+)-([0-9a-f]+) (....) ([0-9a-f]+) ([0-9a-f]+):([0-9a-f]+) (\d+) *(.*)$/;
const DELETED = ' (deleted)';

/** Lines that are none are left out: the last one where the text was cut. */
export function parseMaps(text: string): MapsEntry[] {
  const entries: MapsEntry[] = [];
  for (const line of text.split('\n')) {
    const entry = parseLine(line);
    if (entry !== undefined) entries.push(entry);
  }
  return entries;
}

function parseLine(line: string): MapsEntry | undefined {
  const match = LINE.exec(line);
  if (match === null) return undefined;
  const [, start = '', end = '', permissions = '', offset = '', major = '', minor = ''] = match;
  const [inode = '0', name = ''] = match.slice(7);
  const deleted = name.startsWith('/') && name.endsWith(DELETED);
  return {
    start: Number.parseInt(start, 16),
    end: Number.parseInt(end, 16),
    permissions,
    fileOffset: Number.parseInt(offset, 16),
    device: `${Number.parseInt(major, 16)}:${Number.parseInt(minor, 16)}`,
    inode: BigInt(inode),
    path: (deleted ? name.slice(0, -DELETED.length) : name).replaceAll('\\012', '\n'),
    deleted,
  };
}
