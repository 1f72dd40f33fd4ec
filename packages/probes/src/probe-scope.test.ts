// What processes have mapped, by a /proc in memory: the files are those of this process's root.

import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MapsEntry } from '@waggle/cache';
import { MemoryProcfs } from '@waggle/cache/testing';
import { processScope } from './probe-scope.ts';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'waggle-scope-')));
afterAll(() => rmSync(folder, { recursive: true }));

const fileNamed = (name: string): string => {
  const path = join(folder, name);
  writeFileSync(path, '');
  return path;
};
const [program, library, data] = ['server', 'libwork.so.2', 'table.bin'].map(fileNamed) as [
  string,
  string,
  string,
];

let inode = 1n;
const mapped = (path: string, more: Partial<MapsEntry> = {}): MapsEntry => ({
  ...{ start: 0, end: 4096, permissions: 'r-xp', fileOffset: 0, device: '8:1' },
  ...{ inode: inode++, path, deleted: false, ...more },
});
const again = mapped(library);

const procfs = new MemoryProcfs();
const self = procfs.self;
procfs.spawn(self, {
  exe: program,
  maps: [
    again,
    again,
    mapped(program),
    mapped(data, { permissions: 'r--p' }),
    mapped('[vdso]', { inode: 0n }),
    mapped(join(folder, 'replaced.so'), { deleted: true }),
  ],
});

test('the program first, then each file that code is mapped of, once', () => {
  using scope = processScope([self], procfs);
  expect([...scope.objects()].map(({ shown }) => shown)).toEqual([program, library]);
  expect([...scope.libraries()]).toEqual(['server', 'libwork.so.2']);
  expect(scope.named('libwork').map(({ shown }) => shown)).toEqual([library]);
});

test('a process that is gone, or another user’s, has nothing mapped', () => {
  using gone = processScope([4_000_000], procfs);
  expect([...gone.objects()]).toEqual([]);
  procfs.fail(self, 'maps', 'denied', 1);
  using denied = processScope([self], procfs);
  expect([...denied.objects()]).toEqual([]);
});
