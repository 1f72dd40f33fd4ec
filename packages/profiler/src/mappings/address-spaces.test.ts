import { describe, expect, test } from 'bun:test';
import { AddressSpaces } from './address-spaces.ts';
import type { Mapping } from './perf-records.ts';

const mapping = (path: string, start = 0x1000, length = 0x1000): Mapping => ({
  start,
  end: start + length,
  fileOffset: 0,
  path,
  device: '8:1',
  inode: 1n,
});

describe('an address belongs to the image that was sampled', () => {
  test('before and after an exec, at the same address', () => {
    const spaces = new AddressSpaces();
    spaces.seed(7, [mapping('/first')]);
    spaces.apply({ type: 'exec', time: 100n, pid: 7 });
    spaces.apply({ type: 'mapping', time: 101n, pid: 7, mapping: mapping('/second') });
    expect(spaces.find(7, 0x1800, 99n)?.path).toBe('/first');
    expect(spaces.find(7, 0x1800, 101n)?.path).toBe('/second');
    expect(spaces.find(7, 0x1800, 100n)).toBeUndefined();
  });

  test('a child has what its parent had mapped at its birth, and goes its own way', () => {
    const spaces = new AddressSpaces();
    spaces.seed(7, [mapping('/parent')]);
    spaces.apply({ type: 'fork', time: 10n, pid: 8, parent: 7 });
    spaces.apply({ type: 'mapping', time: 20n, pid: 7, mapping: mapping('/late', 0x9000) });
    spaces.apply({ type: 'mapping', time: 20n, pid: 8, mapping: mapping('/own', 0x5000) });
    expect(spaces.find(8, 0x1000, 30n)?.path).toBe('/parent');
    expect(spaces.find(8, 0x9000, 30n)).toBeUndefined();
    expect(spaces.find(8, 0x5000, 30n)?.path).toBe('/own');
    expect(spaces.find(7, 0x5000, 30n)).toBeUndefined();
  });

  test('a pid that is used again does not see the mappings of its former owner', () => {
    const spaces = new AddressSpaces();
    spaces.seed(1, []);
    spaces.seed(7, [mapping('/former')]);
    spaces.apply({ type: 'fork', time: 50n, pid: 7, parent: 1 });
    expect(spaces.find(7, 0x1000, 40n)?.path).toBe('/former');
    expect(spaces.find(7, 0x1000, 60n)).toBeUndefined();
  });
});

describe('mappings hold from their time on', () => {
  test('the newer of two that overlap wins, and only when it was there', () => {
    const spaces = new AddressSpaces();
    spaces.seed(7, [mapping('/old')]);
    spaces.apply({ type: 'mapping', time: 100n, pid: 7, mapping: mapping('/new') });
    expect(spaces.find(7, 0x1000, 99n)?.path).toBe('/old');
    expect(spaces.find(7, 0x1000, 100n)?.path).toBe('/new');
  });

  test('the end of a mapping is outside', () => {
    const spaces = new AddressSpaces();
    spaces.seed(7, [mapping('/a')]);
    expect(spaces.find(7, 0x1fff, 1n)?.path).toBe('/a');
    expect(spaces.find(7, 0x2000, 1n)).toBeUndefined();
  });
});

test('processes nobody follows are not remembered', () => {
  const seen: string[] = [];
  const spaces = new AddressSpaces((_, { path }) => {
    seen.push(path);
    return undefined;
  });
  spaces.apply({ type: 'mapping', time: 1n, pid: 9, mapping: mapping('/x') });
  spaces.apply({ type: 'exec', time: 2n, pid: 9 });
  spaces.apply({ type: 'fork', time: 3n, pid: 10, parent: 9 });
  expect(seen).toEqual([]);
  expect([...spaces.pids]).toEqual([]);
});

describe('what is over is forgotten', () => {
  test('a process that ended, but not the next owner of its pid', () => {
    const spaces = new AddressSpaces();
    spaces.seed(1, [mapping('/init')]);
    spaces.apply({ type: 'fork', time: 10n, pid: 7, parent: 1 });
    spaces.apply({ type: 'fork', time: 30n, pid: 7, parent: 1 });
    spaces.forget(7, 20n, true);
    expect(spaces.find(7, 0x1000, 15n)).toBeUndefined();
    expect(spaces.find(7, 0x1000, 35n)?.path).toBe('/init');
    spaces.forget(7, 40n, true);
    expect([...spaces.pids]).toEqual([1]);
  });

  test('the image before an exec', () => {
    const spaces = new AddressSpaces();
    spaces.seed(7, [mapping('/first')]);
    spaces.apply({ type: 'exec', time: 100n, pid: 7 });
    spaces.apply({ type: 'mapping', time: 101n, pid: 7, mapping: mapping('/second') });
    spaces.forget(7, 100n, false);
    expect(spaces.find(7, 0x1000, 50n)).toBeUndefined();
    expect(spaces.find(7, 0x1000, 101n)?.path).toBe('/second');
  });
});

test('memory that takes the place of code knows what was there, if it was all one file', () => {
  const formerAt = (before: readonly Mapping[], ...memory: readonly Mapping[]) => {
    const spaces = new AddressSpaces((_pid, { path }) => ({
      ...{ key: path, path, fd: undefined, content: undefined, missing: undefined },
    }));
    spaces.seed(7, before);
    for (const anonymous of memory)
      spaces.apply({ type: 'mapping', time: 10n, pid: 7, mapping: anonymous });
    return spaces.mappingAt(7, 0x2800, 10n)?.former?.path;
  };
  const memory = (start: number, length: number) => mapping('//anon', start, length);
  const text = mapping('/program', 0x1000, 0x4000);
  expect(formerAt([text], memory(0x2000, 0x1000))).toBe('/program');
  expect(formerAt([text], memory(0x1000, 0x4000))).toBe('/program');
  // Made writable and executable, then executable alone; and in two pieces.
  expect(formerAt([text], memory(0x2000, 0x2000), memory(0x2000, 0x1000))).toBe('/program');
  expect(formerAt([text], memory(0x4000, 0x1000), memory(0x1000, 0x4000))).toBe('/program');
  expect(formerAt([text], memory(0x2000, 0x4000))).toBeUndefined();
  expect(formerAt([], memory(0x2000, 0x1000))).toBeUndefined();
  const other = mapping('/other', 0x3000, 0x1000);
  expect(formerAt([text, { ...other, inode: 2n }], memory(0x2000, 0x2000))).toBeUndefined();
});
