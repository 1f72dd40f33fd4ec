// `waggle bpf build`: what it makes of C, which types it gives, and what it says of mistakes.

import { expect, test } from 'bun:test';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { WAGGLE } from './support/waggle.ts';
import { freshFolder } from './support/workloads.ts';

const root = resolve(import.meta.dir, '..');
const everyType = join(import.meta.dir, 'workloads/every_type.bpf.c');

function build(folder: string, args: readonly string[], environment: Record<string, string> = {}) {
  const { exitCode, stdout, stderr } = Bun.spawnSync([...WAGGLE, 'bpf', 'build', ...args], {
    cwd: folder,
    env: { ...process.env, ...environment },
  });
  return { exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
}

/** A folder with that C in it. */
function folderWith(name: string, source: string): string {
  const folder = freshFolder();
  writeFileSync(join(folder, name), source);
  return folder;
}

/** As a program that imports the module would have them. */
const USE = `
import { expect } from 'bun:test';
import { decodeValue, encodeValue, type SettingsOf, type ValueOf } from '@waggle/bpf';
import everyType, { SentReader, type colour } from './every_type.bpf.ts';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Equal<A, B>) => {};

type Value = ValueOf<(typeof everyType)['maps']['by_address']['value']>;
same<Value['id'], bigint>(true);
same<Value['colour'], 0 | 5 | 6>(true);
same<Value['side'], 1 | 2>(true);
same<Value['flag'], boolean>(true);
same<Value['below'], number>(true);
same<Value['from'], { readonly bytes: Uint8Array; readonly port: number; readonly padding: number }>(true);
same<Value['nested'], { readonly x: number; readonly y: bigint }>(true);
same<Value['name'], string>(true);
same<Value['words'], readonly string[]>(true);
same<Value['numbers'], readonly number[]>(true);
same<Value['more'][number]['port'], number>(true);
same<Value['whole'], number>(true);
same<ValueOf<(typeof everyType)['maps']['by_name']['key']>, string>(true);
same<ValueOf<(typeof everyType)['maps']['by_name']['value']>, (typeof colour)[keyof typeof colour]>(true);

const settings: SettingsOf<typeof everyType> = {
  threshold: -7, large: 2n ** 63n, wanted_colour: 5, enabled: false, prefix: 'xyz', limits: [9],
  peer: { bytes: new Uint8Array(4), port: 1, padding: 0 },
};
// @ts-expect-error: there is no such setting
const unknown: SettingsOf<typeof everyType> = { thresholds: 1 };
// @ts-expect-error: 7 is no colour
const other: SettingsOf<typeof everyType> = { wanted_colour: 7 };
// @ts-expect-error: it is text
const text: SettingsOf<typeof everyType> = { prefix: 5 };
void [settings, unknown, other, text];

const { by_address: map } = everyType.maps;
const from = { bytes: Uint8Array.of(127, 0, 0, 1), port: 443, padding: 0 };
const value: Value = {
  id: 2n ** 64n - 1n, colour: 5, flag: true, side: 2, below: -3, from, nested: { x: -1, y: -(2n ** 40n) },
  name: 'café', words: ['one', '', 'three'], numbers: [1, 2 ** 32 - 1, 0], more: [from, { ...from, port: 80 }],
  whole: 2 ** 53 - 1,
};
const bytes = encodeValue<typeof map.value>(map.value, map.value.size, value);
expect(decodeValue<typeof map.value>(map.value, map.value.size, bytes)).toEqual(value);
expect(() => encodeValue<typeof map.value>(map.value, map.value.size, { ...value, words: ['123456789'] })).toThrow('words[0] has room for 8 bytes, not 9');
expect(() => encodeValue<typeof map.value>(map.value, map.value.size, { ...value, numbers: [1, 2, 3, 4] })).toThrow('numbers has room for 3 elements, not 4');

const record = new Uint8Array(bytes.length + 8 + 16);
record.set(bytes, 16);
const memory = { bytes: record, view: new DataView(record.buffer) };
const reader = new SentReader().at(memory, 16);
same<typeof reader.colour, 0 | 5 | 6>(true);
expect([reader.id, reader.colour, reader.side, reader.below, reader.fromPort, reader.nestedY, reader.name]).toEqual([
  2n ** 64n - 1n, 5, 2, -3, 443, -(2n ** 40n), 'café',
]);
expect([reader.words(2), reader.numbers(1), reader.more(1).port]).toEqual(['three', 2 ** 32 - 1, 80]);
const copy = reader.copy();
record.fill(0);
expect(copy).toMatchObject({ words: ['one', '', 'three'], fromBytes: from.bytes, more: [from, { port: 80 }], atField: 0n });
expect((await everyType.object()).length).toBeGreaterThan(1000);
console.log('as it should be');
`;

test('gives maps, records and settings the types of the C source', () => {
  const folder = join(import.meta.dir, '.bpf-build');
  mkdirSync(folder, { recursive: true });
  try {
    copyFileSync(everyType, join(folder, 'every_type.bpf.c'));
    expect(build(folder, ['every_type.bpf.c'])).toMatchObject({
      exitCode: 0,
      stderr: expect.stringContaining('waggle: wrote every_type.bpf.ts\n'),
    });
    writeFileSync(join(folder, 'use.ts'), USE);
    const config = {
      extends: '../../tsconfig.base.json',
      compilerOptions: { noEmit: true },
      include: ['*.ts'],
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
    const tsc = Bun.spawnSync([join(root, 'node_modules/.bin/tsc'), '-p', folder]);
    expect(tsc.stdout.toString()).toBe('');
    const used = Bun.spawnSync([process.execPath, 'test', './use.ts'], { cwd: folder });
    expect(used.stdout.toString() + used.stderr.toString()).toContain('as it should be');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('makes the same of the same, wherever it lies, and says whether a module is up to date', () => {
  const [a, b] = [freshFolder(), freshFolder()];
  for (const folder of [a, b]) {
    copyFileSync(everyType, join(folder, 'types.bpf.c'));
    expect(build(folder, ['--check', 'types.bpf.c']).exitCode).toBe(1);
    expect(build(folder, ['types.bpf.c']).exitCode).toBe(0);
  }
  const text = (folder: string) => readFileSync(join(folder, 'types.bpf.ts'), 'utf8');
  expect(text(a)).toBe(text(b));
  expect(text(a)).not.toContain(a);
  expect(build(a, ['--check', 'types.bpf.c'])).toMatchObject({
    exitCode: 0,
    stderr: expect.stringContaining('waggle: types.bpf.ts is up to date\n'),
  });
  writeFileSync(
    join(a, 'types.bpf.c'),
    `${readFileSync(everyType, 'utf8')}\nconst volatile u32 more;\n`,
  );
  const stale = build(a, ['--check', 'types.bpf.c']);
  expect(stale.exitCode).toBe(1);
  expect(stale.stderr).toContain('types.bpf.ts is not what types.bpf.c makes');
  expect(text(a)).toBe(text(b));
  expect(build(b, ['types.bpf.c', '-o', 'other.ts']).exitCode).toBe(0);
  expect(readFileSync(join(b, 'other.ts'), 'utf8')).toBe(text(b));
});

test('says where a mistake in C is', () => {
  const folder = folderWith(
    'bad.bpf.c',
    '#include "waggle.h"\n\nint oops(void)\n{\n\treturn undeclared;\n}\n',
  );
  const { exitCode, stderr } = build(folder, ['bad.bpf.c']);
  expect(exitCode).toBe(1);
  expect(stderr).toContain("bad.bpf.c:5:9: error: use of undeclared identifier 'undeclared'");
  expect(stderr).not.toContain(folder);
});

test('says what is missing or cannot be', () => {
  const folder = folderWith('plain.c', '');
  expect(build(folder, ['plain.c'])).toMatchObject({
    exitCode: 2,
    stderr: 'waggle: plain.c is not called NAME.bpf.c: rename it\n',
  });
  expect(build(folder, ['gone.bpf.c'])).toMatchObject({
    exitCode: 2,
    stderr: 'waggle: gone.bpf.c does not exist\n',
  });
  expect(build(folder, ['a.bpf.c', 'b.bpf.c', '-o', 'x.ts']).exitCode).toBe(2);
  const without = build(folder, [everyType], { CLANG: '/no/such/clang' });
  expect(without.exitCode).toBe(1);
  expect(without.stderr).toContain('apt-get install clang');
  const program = (type: string, before = '') =>
    `#include "waggle.h"\n${before}\nstruct odd { ${type} };\nstruct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, u32); __type(value, struct odd); } odds SEC(".maps");\n`;
  const said = (type: string, before?: string) =>
    build(folderWith('odd.bpf.c', program(type, before)), ['odd.bpf.c']);
  expect(said('u32 few : 3;')).toMatchObject({ exitCode: 2 });
  expect(said('u32 few : 3;').stderr).toContain('odd.few is a bitfield');
  expect(said('union { u32 a; u64 b; };').stderr).toContain(
    'struct odd holds a union without a name',
  );
  // Each holds the one before it twice.
  const doubling = Array.from(
    { length: 20 },
    (_, at) => `struct s${at} { ${at === 0 ? 'u8 a' : `struct s${at - 1} a, b`}; };`,
  ).join('\n');
  expect(said('struct s19 all;', doubling).stderr).toContain('more than 16384 fields');
});
