// Inputs of probes: a program with USDT notes and its code, events, a cache of the dynamic loader.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ElfImage } from '../../../packages/symbols/src/elf/index.ts';
import { put, run, workshop } from './corpus.ts';

const SOURCE = join(import.meta.dir, '../../../tests/workloads/usdt.c');

export function probes(): void {
  run('cc', '-O1', '-s', '-Wl,-z,noseparate-code', '-o', 'usdt', SOURCE);
  const bytes = readFileSync(join(workshop, 'usdt'));
  put('usdt-notes', 'c', bytes);
  const text = ElfImage.parse(new Uint8Array(bytes)).section('.text');
  if (text !== undefined)
    put('x86-code', 'c', bytes.subarray(text.offset, text.offset + text.size));
  for (const [index, words] of [
    '-4@%eax',
    '8@-24(%rbp,%rax,8)',
    '1@$-0x10',
    '8@[sp, 16]',
    '4@w3',
  ].entries())
    put('usdt-argument', String(index), words);
  for (const [index, event] of [
    'cycles:u',
    'r01c2',
    'uprobe:/usr/lib/libc.so.6:malloc+0x10',
    'uretprobe:std::vector<int>::operator[](int)',
    'uprobe:app:/^work_[0-9]+$/',
    'uprobe:main.c:42',
    'usdt:./app:shop:sale',
    'kprobe:do_sys_*',
    'tracepoint:sched:sched_switch',
  ].entries())
    put('probe-event', String(index), event);
  put(
    'loader-cache',
    'two',
    loaderCache(['libc.so.6', '/lib/libc.so.6', 'libm.so.6', '/lib/libm.so.6']),
  );
}

/** Names and paths in turn: struct cache_file_new of glibc's dl-cache.h. */
function loaderCache(texts: readonly string[]): Uint8Array {
  const entries = texts.length / 2;
  const header = Buffer.alloc(48 + 24 * entries);
  header.write('glibc-ld.so.cache1.1', 0, 'latin1');
  header.writeUInt32LE(entries, 20);
  let at = header.length;
  texts.forEach((text, index) => {
    const entry = 48 + 24 * Math.floor(index / 2);
    header.writeInt32LE(0x0303, entry);
    header.writeUInt32LE(at, entry + 4 + 4 * (index % 2));
    at += text.length + 1;
  });
  return Buffer.concat([header, Buffer.from(texts.map((text) => `${text}\0`).join(''), 'latin1')]);
}
