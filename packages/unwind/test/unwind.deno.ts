// The library on Deno: it is the same code, and this is the runtime's own file and zlib API under it.
import { deepStrictEqual, strictEqual, throws } from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { ElfImage } from '@waggle/symbols';
import { buildUnwindTable, TableStore, UnwindError, UnwindTable } from '../src/index.ts';
import { BASE, buildElf, elfWithFrames, TEXT_OFFSET } from './build-elf.ts';
import { FrameAssembler, little } from './frame-assembler.ts';

declare const Deno: { test(name: string, run: () => void): void };

function frames(kind: 'eh_frame' | 'debug_frame'): Uint8Array {
  const assembler = new FrameAssembler(kind);
  const cie = assembler.cie({ augmentation: kind === 'eh_frame' ? 'zR' : '' });
  assembler.function(cie, BASE + TEXT_OFFSET, 32, [
    ['advance', 4, 0],
    ['def_cfa_offset', 16],
    ['offset', 6, 2],
  ]);
  return assembler.bytes();
}

Deno.test('a table is built, and read back', () => {
  const { table } = buildUnwindTable(elfWithFrames(frames('eh_frame')));
  const again = UnwindTable.fromBytes(table.bytes.slice());
  strictEqual(again.lookup(TEXT_OFFSET).cfaOffset, 8);
  strictEqual(again.lookup(TEXT_OFFSET + 4).cfaOffset, 16);
  deepStrictEqual(again.lookup(TEXT_OFFSET + 4).framePointer, { kind: 'at-cfa', offset: -16 });
  throws(() => UnwindTable.fromBytes(new Uint8Array(2048)), UnwindError);
});

Deno.test('a compressed section is inflated', () => {
  const plain = frames('debug_frame');
  const header = [...little(1, 4), ...little(0, 4), ...little(plain.length, 8), ...little(8, 8)];
  const bytes = Uint8Array.from([...header, ...deflateSync(plain)]);
  const file = buildElf({ sections: [{ name: '.debug_frame', bytes, flags: 0x800 }] });
  strictEqual(buildUnwindTable(ElfImage.parse(file)).stats.functions, 1);
});

Deno.test('a library of this process goes through the store', () => {
  const path = /(\/\S*\/libc\.so\S*)$/m.exec(readFileSync('/proc/self/maps', 'latin1'))?.[1];
  const directory = mkdtempSync(join(tmpdir(), 'waggle-unwind-deno-'));
  try {
    const store = new TableStore(directory);
    const load = () => {
      using elf = ElfImage.open(path ?? '/lib64/ld-linux-x86-64.so.2');
      return store.tableOf(elf);
    };
    const first = load();
    const second = load();
    deepStrictEqual(second.table.bytes, first.table.bytes);
    strictEqual(first.table.rowCount > 1000, true);
    strictEqual(store.stats.hits, 1);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
