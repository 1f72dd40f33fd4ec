/**
 * What depends on the runtime rather than on us: flags of open, reads by position, wasm and its
 * place, times in nanoseconds. Run under Deno and Node; the tests proper run under Bun.
 */
import { deepEqual, equal, ok } from 'node:assert/strict';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DiskSymbolCache,
  demangle,
  ObjectSymbols,
  PerfMap,
  readVdso,
  SymbolCache,
  SymbolTable,
} from '../src/index.ts';
import { elfWithSymbols } from './build-elf.ts';

export const checks: Readonly<Record<string, () => void>> = {
  'an object by path and by descriptor, through the cache on disk': () =>
    inDirectory((directory) => {
      const path = join(directory, 'object');
      writeFileSync(path, elfWithSymbols([{ name: '_ZN4work4hardEi', value: 0x2000, size: 16 }]));
      const fd = openSync(path, 'r');
      for (const target of [path, fd, path]) {
        const disk = new DiskSymbolCache(join(directory, 'cache'));
        const cache = new SymbolCache({ disk, minBuildMs: 0 });
        const hit = ObjectSymbols.open(target, { cache }).lookup(0x2008);
        deepEqual(hit, { name: '_ZN4work4hardEi', start: 0x2000, size: 16 });
        equal(demangle(hit?.name ?? ''), 'work::hard(int)');
      }
      closeSync(fd);
      equal(readdirSync(join(directory, 'cache', 'symbols-4')).length, 1);
    }),

  'a perf map that grows, and none behind a link': () =>
    inDirectory((directory) => {
      const path = join(directory, 'perf.map');
      writeFileSync(path, '1000 10 first\n');
      using map = PerfMap.open(directory, '/perf.map');
      writeFileSync(path, '1000 10 first\n2000 10 second\n');
      ok(map?.refresh());
      equal(map?.lookup(0x2001)?.name, 'second');
      mkdirSync(join(directory, 'inner'));
      symlinkSync('../perf.map', join(directory, 'inner', 'link'));
      equal(PerfMap.open(join(directory, 'inner'), '/link'), undefined);
      equal(PerfMap.open(join(directory, 'inner'), '/../perf.map'), undefined);
    }),

  'the vDSO, from the memory of this process': () => {
    if (!readFileSync('/proc/self/maps', 'latin1').includes('[vdso]')) return;
    const vdso = readVdso();
    ok(vdso !== undefined && SymbolTable.fromElf(vdso).size > 0);
  },
};

function inDirectory(run: (directory: string) => void): void {
  const directory = mkdtempSync(join(tmpdir(), 'waggle-symbols-runtime-'));
  try {
    run(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
