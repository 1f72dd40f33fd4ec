// Inputs of symbols and unwind: object files of the C compiler, maps of names, jitdumps.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeTable } from '../../../packages/symbols/src/cache/table-file.ts';
import { ElfImage } from '../../../packages/symbols/src/elf/index.ts';
import { SymbolTable } from '../../../packages/symbols/src/symbol-table.ts';
import { elfWithSymbols } from '../../../packages/symbols/test/build-elf.ts';
import { buildUnwindTable } from '../../../packages/unwind/src/elf/build-table.ts';
import { encodeTableFile } from '../../../packages/unwind/src/store/table-file.ts';
import { put, run, workshop } from './corpus.ts';

const SOURCE = `
static __attribute__((always_inline)) inline int twice(int n) { return n * 2; }
__attribute__((noinline)) int work(int n) { char buffer[n]; buffer[0] = n; return twice(buffer[0]) + n; }
int main_of(int n) { return work(n) + twice(n); }
int other(int n) { return work(n * 3); }
`;

export function objects(): void {
  writeFileSync(join(workshop, 'a.c'), SOURCE);
  const common = ['cc', '-O1', '-shared', '-fPIC', '-nostdlib', '-Wl,-z,noseparate-code'];
  const variants: Record<string, readonly string[]> = {
    dwarf4: ['-gdwarf-4', '-Wl,--build-id=sha1'],
    dwarf5: ['-gdwarf-5', '-Wl,--build-id=sha1'],
    packed: ['-gdwarf-5', '-gz=zlib'],
    bare: ['-s', '-Wl,--build-id=none', '-Wl,--hash-style=gnu'],
    frames: ['-fno-omit-frame-pointer', '-fexceptions'],
  };
  for (const [name, flags] of Object.entries(variants)) {
    run(...common, ...flags, '-o', name, 'a.c');
    for (const target of ['elf', 'elf-file', 'eh-frame-of-elf'])
      put(target, name, readFileSync(join(workshop, name)));
  }
  run('objcopy', '--only-keep-debug', 'dwarf5', 'debug');
  run('xz', '-k', '-f', 'dwarf4');
  put('xz', 'object', readFileSync(join(workshop, 'dwarf4.xz')));
  writeFileSync(join(workshop, 'text'), 'main;work;leaf '.repeat(300));
  run('xz', '-k', '-f', '--check=crc32', 'text');
  put('xz', 'text', readFileSync(join(workshop, 'text.xz')));
  run('cp', 'bare', 'mini');
  run('objcopy', '--add-section', '.gnu_debugdata=dwarf4.xz', 'mini');
  run('objcopy', '--add-gnu-debuglink=debug', 'mini');
  for (const target of ['elf', 'elf-file'])
    put(target, 'mini', readFileSync(join(workshop, 'mini')));

  const image = ElfImage.parse(new Uint8Array(readFileSync(join(workshop, 'frames'))));
  for (const [section, target] of [
    ['.eh_frame', 'eh-frame'],
    ['.eh_frame_hdr', 'eh-frame-hdr'],
  ] as const) {
    const found = image.section(section);
    if (found === undefined) throw new Error(`no ${section}`);
    const bytes = readFileSync(join(workshop, 'frames'));
    put(target, 'c', bytes.subarray(found.offset, found.offset + found.size));
  }
  put('unwind-table', 'c', encodeTableFile('ab'.repeat(32), buildUnwindTable(image)));
  const table = SymbolTable.fromElf(ElfImage.parse(elfWithSymbols([{ name: 'f', value: 0x1000 }])));
  put('symbol-table', 'small', encodeTable(table, { key: 'k', sources: [], problems: [] }));
}

export function names(): void {
  const lines = Array.from({ length: 60 }, (_, index) => {
    return `${(0x7f00_0000 + index * 4096).toString(16)} ${(index * 37).toString(16)} function_${index}\n`;
  });
  put('perf-map', 'plain', lines.join(''));
  put(
    'perf-map',
    'node',
    '7f000000 40 JS:~main /srv/app.js:3:1\n7f000040 20 JS:*main /srv/app.js:3:1\n',
  );
  put(
    'kallsyms',
    'plain',
    'ffffffff81000000 T _text\nffffffff81000100 t do_work\nffffffff81000200 D data\n' +
      'ffffffffc0000000 t init_module\t[ext4]\nffffffffc0000100 W weak\t[ext4]\n',
  );
  put('kallsyms', 'hidden', '0000000000000000 T _text\n0000000000000000 t work\n');
  for (const [index, name] of [
    '_ZNSt6vectorIiSaIiEE9push_backEOi',
    '_ZSt9transformIPiZ3foovEUliE_ET0_T_S3_S2_T1_',
    '_ZN4core3ptr28drop_in_place$LT$alloc..A$GT$17h0123456789abcdefE',
    '_RNvMNtCs1234_7mycrate3fooNtB2_3Bar3baz',
    '_RNvXs5_NtC5alloc3vecINtB5_3VechENtNtC4core3fmt5Debug3fmt',
  ].entries())
    put('mangled-name', String(index), name);
  put('sampled-perf-map', 'plain', lines.join(''));
  put('sampled-perf-map', 'over', `${lines.join('')}7f000010 fffff wide\n7f000800 10 narrow\n`);
  put('jitdump', 'plain', jitDump());
  put('jit-unwinding', 'plain', jitUnwinding());
}

/** JIT_CODE_UNWINDING_INFO with two sections and padding. */
function jitUnwinding(): Uint8Array {
  const record = Buffer.alloc(40 + 32 + 20 + 4);
  record.writeUInt32LE(4, 0);
  record.writeUInt32LE(record.length, 4);
  record.writeBigUInt64LE(52n, 16);
  record.writeBigUInt64LE(20n, 24);
  record.writeBigUInt64LE(52n, 32);
  return record.fill(0x41, 40, 92);
}

/** A header, code that is loaded, moved and loaded again: tools/perf/util/jitdump.h of the kernel. */
function jitDump(): Uint8Array {
  const record = (id: number, time: number, fields: readonly bigint[], tail: string): Buffer => {
    const body = Buffer.alloc(fields.length * 8);
    for (const [index, value] of fields.entries()) body.writeBigUInt64LE(value, index * 8);
    const rest = Buffer.from(tail, 'latin1');
    const prefix = Buffer.alloc(16);
    prefix.writeUInt32LE(id, 0);
    prefix.writeUInt32LE(16 + body.length + rest.length, 4);
    prefix.writeBigUInt64LE(BigInt(time), 8);
    return Buffer.concat([prefix, body, rest]);
  };
  const header = Buffer.alloc(40);
  header.writeUInt32LE(0x4a69_5444, 0);
  header.writeUInt32LE(1, 4);
  header.writeUInt32LE(40, 8);
  header.writeUInt32LE(62, 12);
  const ids = (7n << 32n) | 7n;
  const at = 0x7f00_0000n;
  return Buffer.concat([
    header,
    record(0, 100, [ids, at, at, 8n, 1n], 'first\0\x90\x90\x90\x90\x90\x90\x90\x90'),
    record(1, 200, [ids, at, at, at + 4096n, 8n, 1n], ''),
    record(0, 300, [ids, at, at, 8n, 2n], 'JSC-DFG: second\0\x90\x90\x90\x90\x90\x90\x90\x90'),
    record(3, 400, [], ''),
  ]);
}
