import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { SymbolTable } from './symbol-table.ts';
import { readVdso } from './vdso.ts';

const hasVdso = readFileSync('/proc/self/maps', 'latin1').includes('[vdso]');
if (!hasVdso) console.warn('SKIPPED: this kernel gives processes no vDSO');

test.skipIf(!hasVdso)('the vDSO has the functions of vdso(7)', () => {
  const vdso = readVdso();
  if (vdso === undefined) throw new Error('no vDSO');
  const table = SymbolTable.fromElf(vdso);
  const text = vdso.section('.text');
  if (text === undefined) throw new Error('the vDSO has no .text');
  const names = new Set<string>();
  for (let offset = text.offset; offset < text.offset + text.size; offset++) {
    const vaddr = vdso.vaddrOfFileOffset(offset);
    const hit = vaddr === undefined ? undefined : table.lookup(vaddr);
    if (hit !== undefined) names.add(hit.name.replace(/^__(vdso|kernel)_/, ''));
  }
  expect(names).toContain('clock_gettime');
  expect(names).toContain('gettimeofday');
});

test.skipIf(!hasVdso)('that of another process is the same', async () => {
  const child = Bun.spawn(['sleep', '30']);
  try {
    // Between fork and the end of exec the child has other mappings, or none.
    let vdso = readVdso(child.pid);
    for (let tries = 0; vdso === undefined && tries < 200; tries++) {
      await Bun.sleep(10);
      vdso = readVdso(child.pid);
    }
    expect(vdso?.buildId).toBe(readVdso()?.buildId);
    expect(vdso?.section('.dynsym')).toEqual(readVdso()?.section('.dynsym'));
  } finally {
    child.kill();
    await child.exited;
  }
  expect(() => readVdso(child.pid)).toThrow();
});
