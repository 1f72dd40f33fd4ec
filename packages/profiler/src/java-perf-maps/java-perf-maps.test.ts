import { expect, test } from 'bun:test';
import type { MapsEntry } from '@waggle/cache';
import { MemoryProcfs } from '@waggle/cache/testing';
import { openNative } from '@waggle/ffi';
import { AttachError } from './attach.ts';
import { JavaPerfMaps } from './java-perf-maps.ts';

const native = await openNative();
const [JAVA, NO_JAVA, GONE, SILENT] = [1, 2, 3, 4] as const;

const mapped = (path: string): MapsEntry => ({
  ...{ start: 0, end: 4096, permissions: 'r-xp', fileOffset: 0, device: '8:1', inode: 1n },
  ...{ path, deleted: false },
});

const procfs = new MemoryProcfs();
for (const pid of [JAVA, SILENT])
  procfs.spawn(pid, { maps: [mapped('/jdk/lib/server/libjvm.so')] });
procfs.spawn(NO_JAVA, { maps: [mapped('/usr/lib/libc.so.6')] });

test('Java alone is asked, at the end once more, and not again if it did not answer', async () => {
  const asked: string[] = [];
  const attach = {
    async command(pid: number, command: string): Promise<string> {
      asked.push(`${pid} ${command}`);
      if (pid === SILENT) throw new AttachError('silent', 'did not answer');
      return '';
    },
  };
  using maps = new JavaPerfMaps(native, procfs, attach);
  for (const pid of [JAVA, NO_JAVA, GONE, SILENT]) maps.sampled(pid);
  while (asked.length < 2) await Bun.sleep(20);
  await maps.askAtLast();
  expect(asked).toEqual([
    ...[`${JAVA} Compiler.perfmap`, `${SILENT} Compiler.perfmap`, `${JAVA} Compiler.perfmap`],
  ]);
  expect(maps.counts).toEqual({
    written: 1,
    problems: [`Java process ${SILENT} has no new perf map: it did not answer`],
  });
});

test('who has ended is not asked', async () => {
  let asked = 0;
  const attach = { command: async () => String(++asked) };
  using maps = new JavaPerfMaps(native, procfs, attach);
  maps.sampled(JAVA);
  maps.forget(JAVA);
  await maps.askAtLast();
  expect({ asked, ...maps.counts }).toEqual({ asked: 0, written: 0, problems: [] });
});
