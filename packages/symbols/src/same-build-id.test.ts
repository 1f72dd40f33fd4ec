import { expect, test } from 'bun:test';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DiskSymbolCache, ObjectSymbols, SymbolCache } from './index.ts';

const hasCompiler = Bun.which('cc') !== null;
if (!hasCompiler) console.warn('SKIPPED: there is no C compiler');

test.skipIf(!hasCompiler)(
  'objects of one build-id that differ in names alone keep their own',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'waggle-build-id-'));
    try {
      const compiled = (name: string): string => {
        const source = join(folder, `${name}.c`);
        const output = join(folder, name);
        // Padding behind the names, so that the end of the file is the same.
        const padding = Array.from(
          { length: 5000 },
          (_, id) => `int pad_${id}(void){return ${id};}`,
        );
        writeFileSync(
          source,
          `int ${name}(void){return 7;}\n${padding.join('\n')}\nint main(void){return ${name}();}`,
        );
        const run = spawnSync('cc', ['-O1', '-Wl,--build-id', '-o', output, source], {
          cwd: folder,
        });
        expect(run.status).toBe(0);
        return output;
      };
      // The source's file name is in the symbol table too.
      const paths = ['only_a', 'only_b'].map(compiled);
      const disk = new DiskSymbolCache(join(folder, 'cache'));
      const cache = new SymbolCache({ disk });
      const opened = paths.map((path) => ObjectSymbols.open(path, { cache }));
      expect(opened[0]?.buildId).toBe(opened[1]?.buildId ?? 'none');
      const namesOf = (objects: readonly ObjectSymbols[]) =>
        objects.map((object) => {
          const names = new Set<string>();
          for (let vaddr = 0x1000; vaddr < 0x4000; vaddr++) {
            const hit = object.lookup(vaddr);
            if (hit?.name.startsWith('only_')) names.add(hit.name);
          }
          return [...names];
        });
      expect(namesOf(opened)).toEqual([['only_a'], ['only_b']]);
      const again = new SymbolCache({ disk });
      expect(namesOf(paths.map((path) => ObjectSymbols.open(path, { cache: again })))).toEqual([
        ['only_a'],
        ['only_b'],
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
  60_000,
);
