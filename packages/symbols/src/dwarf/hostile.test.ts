import { expect, setDefaultTimeout, test } from 'bun:test';
import { buildElf, TEXT } from '../../test/build-elf.ts';
import { ElfImage } from '../elf/index.ts';
import { SourceLines } from './source-lines.ts';

/** Of CPU time: on a busy host a test takes many times that. */
const LIMIT_MS = 3000;
setDefaultTimeout(60_000);

/** A file with these debug sections, asked for a few addresses; how long that took is checked. */
function ask(sections: Readonly<Record<string, Uint8Array>>) {
  const debug = Object.entries(sections).map(([name, data]) => ({ name, type: 1, data }));
  const started = process.cpuUsage();
  const lines = SourceLines.fromElf(ElfImage.parse(buildElf({ sections: [TEXT, ...debug] })));
  const answers = [0x1000, 0x1004, 0x1fff, 0x5000].map((address) => lines?.find(address));
  const { user, system } = process.cpuUsage(started);
  expect((user + system) / 1000).toBeLessThan(LIMIT_MS);
  return answers;
}

const u32 = (value: number) => [...new Uint8Array(Uint32Array.of(value).buffer)];
const u64 = (value: number) => [...new Uint8Array(BigUint64Array.of(BigInt(value)).buffer)];
const ascii = (text: string) => [...new TextEncoder().encode(text), 0];

/** A DWARF 4 unit around these entries. */
function unit(entries: number[]): Uint8Array {
  const body = [4, 0, ...u32(0), 8, ...entries];
  return Uint8Array.from([...u32(body.length), ...body]);
}

const COVER = [0x11, 0x01, 0x12, 0x07];
/** 1: compile unit; 2: subprogram with a name; 3: the same with an origin; 4: inlined. */
const ABBREVIATIONS = Uint8Array.from(
  [
    [1, 0x11, 1, ...COVER, 0, 0],
    [2, 0x2e, 0, ...COVER, 0x03, 0x08, 0, 0],
    [3, 0x2e, 0, ...COVER, 0x31, 0x13, 0, 0],
    [4, 0x1d, 1, ...COVER, 0x31, 0x13, 0, 0],
    [5, 0x2e, 1, ...COVER, 0x03, 0x08, 0, 0],
    [0],
  ].flat(),
);
const cover = (low: number, size: number) => [...u64(low), ...u64(size)];
const ROOT = [1, ...cover(0x1000, 0x1000)];

test('a sound one by hand', () => {
  const info = unit([...ROOT, 2, ...cover(0x1000, 0x100), ...ascii('work'), 0]);
  const [first, , last] = ask({ '.debug_info': info, '.debug_abbrev': ABBREVIATIONS });
  expect(first).toEqual({ function: 'work', file: undefined, line: 0, inlined: [] });
  expect(last).toBeUndefined();
});

test('an entry that is its own origin has no name', () => {
  const at = 11 + ROOT.length;
  const info = unit([...ROOT, 3, ...cover(0x1000, 0x100), ...u32(at), 0]);
  const [first] = ask({ '.debug_info': info, '.debug_abbrev': ABBREVIATIONS });
  expect(first?.function).toBeUndefined();
  expect(first?.inlined).toEqual([]);
});

test('a hundred thousand levels of inlining are cut', () => {
  const entries: number[] = [...ROOT, 5, ...cover(0x1000, 0x100), ...ascii('deep')];
  const one = [4, ...cover(0x1000, 0x10), ...u32(11 + ROOT.length)];
  const body = Uint8Array.from(
    { length: one.length * 100_000 },
    (_, i) => one[i % one.length] as number,
  );
  const head = unit(entries);
  const info = new Uint8Array(head.length + body.length);
  info.set(head);
  info.set(body, head.length);
  new DataView(info.buffer).setUint32(0, info.length - 4, true);
  const [first] = ask({ '.debug_info': info, '.debug_abbrev': ABBREVIATIONS });
  expect(first?.inlined.length).toBeLessThanOrEqual(256);
});

test('attributes that take no bytes do not multiply the work', () => {
  const many = Array.from({ length: 1000 }, () => [0x3f, 0x19]).flat();
  const abbreviations = Uint8Array.from([
    ...ABBREVIATIONS.slice(0, -1),
    6,
    0x2e,
    0,
    ...many,
    0,
    0,
    0,
  ]);
  const info = new Uint8Array(8 * 1024 * 1024).fill(6);
  info.set(unit(ROOT));
  new DataView(info.buffer).setUint32(0, info.length - 4, true);
  ask({ '.debug_info': info, '.debug_abbrev': abbreviations });
});

test('a megabyte of empty units, and of units that share one tail of abbreviations', () => {
  const empty = new Uint8Array(1024 * 1024);
  expect(ask({ '.debug_info': empty, '.debug_abbrev': ABBREVIATIONS })).toEqual(new Array(4));
  const info = new Uint8Array(1024 * 1024);
  const abbreviations = new Uint8Array(1024 * 1024).fill(1);
  for (let i = 0; i + 16 <= info.length; i += 16) {
    info.set([...u32(12), 4, 0, ...u32(i), 8, 1, 0, 0, 0, 0], i);
  }
  ask({ '.debug_info': info, '.debug_abbrev': abbreviations });
  // Short abbreviations one after the other, and no end.
  const row = [1, 0x11, 0, 0, 0];
  const endless = Uint8Array.from({ length: 1024 * 1024 }, (_, i) => row[i % 5] as number);
  for (let i = 0; i + 16 <= info.length; i += 16) {
    info.set([...u32(12), 4, 0, ...u32(Math.floor(i / 80) * 5), 8, 1, 0, 0, 0, 0], i);
  }
  ask({ '.debug_info': info, '.debug_abbrev': endless });
});

test('a line table that claims files without end, or whose rows run backwards', () => {
  const abbreviations = Uint8Array.from([1, 0x11, 0, ...COVER, 0x10, 0x17, 0, 0, 0]);
  const info = unit([1, ...cover(0x1000, 0x1000), ...u32(0)]);
  const table = (rest: number[]) => {
    const header = [1, 1, 1, 0xfb, 14, 13, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1];
    const body = [5, 0, 8, 0, ...u32(header.length + rest.length), ...header, ...rest];
    return Uint8Array.from([...u32(body.length), ...body]);
  };
  const endless = table([0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]);
  const free = table([1, 1, 0x19, 0xff, 0xff, 0xff, 0xff, 0x0f]);
  const backwards = table([
    0,
    0,
    0,
    0,
    0,
    9,
    2,
    ...u64(0x1800),
    1,
    0,
    9,
    2,
    ...u64(0x1000),
    1,
    0,
    1,
    1,
  ]);
  for (const line of [endless, free, backwards, new Uint8Array(20).fill(0xff)]) {
    const sections = { '.debug_info': info, '.debug_abbrev': abbreviations, '.debug_line': line };
    expect(ask(sections)).toEqual(new Array(4));
  }
});

test('lists of ranges without end, or shared by thousands of entries', () => {
  const abbreviations = Uint8Array.from([
    ...[1, 0x11, 1, 0x55, 0x17, 0, 0],
    ...[2, 0x2e, 0, 0x55, 0x17, 0, 0],
    0,
  ]);
  const endless = new Uint8Array(1024 * 1024).fill(1);
  const entries = Array.from({ length: 5000 }, () => [2, ...u32(0)]).flat();
  const info = unit([1, ...u32(0), ...entries, 0]);
  ask({ '.debug_info': info, '.debug_abbrev': abbreviations, '.debug_ranges': endless });
  const shared = new BigUint64Array(40_000);
  for (let i = 0; i < shared.length - 2; i++) shared[i] = 0x1000n + BigInt(i % 2);
  const ranges = new Uint8Array(shared.buffer);
  ask({ '.debug_info': info, '.debug_abbrev': abbreviations, '.debug_ranges': ranges });
});
