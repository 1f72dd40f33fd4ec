import { expect, test } from 'bun:test';
import { hotspotFlags } from '@waggle/bpf';
import { FIELDS } from './fields.ts';
import { type HotspotTables, tablesOf } from './index.ts';
import { RECORDED_STRUCTS } from './recorded-structs.ts';
import type { VmStructs } from './vm-structs.ts';

const ALL = [...new Set(Object.values(FIELDS).flat())];
const STATIC = ['CodeCache._heaps', 'CodeCache._heap'];

function structsOf(major: number, change: (fields: Set<string>) => void = () => {}): VmStructs {
  const { without = [], sizes = {} } = RECORDED_STRUCTS[major] ?? {};
  const names = new Set([...ALL, ...STATIC].filter((name) => !without.includes(name)));
  change(names);
  const fields = [...names].map((name, index) => {
    const at = 8 * (index + 1);
    return [
      name,
      STATIC.includes(name)
        ? { offsetAt: undefined, address: at }
        : { offsetAt: at, address: undefined },
    ] as const;
  });
  return { fields: new Map(fields), sizes: new Map(Object.entries(sizes)) };
}

function found(tables: ReturnType<typeof tablesOf>): HotspotTables {
  if ('missing' in tables) throw new Error(tables.missing);
  return tables;
}

const flagsOf = (major: number) =>
  Object.entries(hotspotFlags)
    .filter(([, flag]) => (found(tablesOf(structsOf(major), major)).flags & flag) !== 0)
    .map(([name]) => name)
    .sort();

test('each version is walked by what it has', () => {
  expect(flagsOf(11)).toEqual(['HOTSPOT_FILE_OF_CLASS']);
  expect(flagsOf(17)).toEqual([]);
  expect(flagsOf(21)).toEqual(['HOTSPOT_NO_ZERO_BYTES']);
  expect(flagsOf(25)).toEqual([
    ...['HOTSPOT_BLOB_OFFSETS', 'HOTSPOT_METADATA_APART', 'HOTSPOT_NO_ZERO_BYTES'],
    'HOTSPOT_SCOPES_APART',
  ]);
});

test('a field that a version calls otherwise is found by its other name', () => {
  const structs = structsOf(17);
  const begin = structs.fields.get('CodeBlob._code_begin')?.offsetAt;
  expect(found(tablesOf(structs, 17)).fields.get('HOTSPOT_BLOB_CODE_BEGIN')).toBe(begin ?? -1);
  const newer = structsOf(25);
  const offset = newer.fields.get('CodeBlob._code_offset')?.offsetAt;
  expect(found(tablesOf(newer, 25)).fields.get('HOTSPOT_BLOB_CODE_BEGIN')).toBe(offset ?? -1);
});

test('what says too little of itself is not walked', () => {
  const without = structsOf(17, (fields) => fields.delete('Method._constMethod'));
  expect(tablesOf(without, 17)).toEqual({ missing: 'Method._constMethod' });
});

test('what says that its classes are larger than any are is not walked', () => {
  const { fields, sizes } = structsOf(17);
  const large = { fields, sizes: new Map([...sizes, ['nmethod', 4096]]) };
  expect(tablesOf(large, 17)).toEqual({ missing: 'the end of nmethod' });
});
