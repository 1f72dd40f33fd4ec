import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { ImageMappings } from './image-mappings.ts';
import type { Mapping } from './perf-records.ts';

const PAGE = 0x1000;
const mapping = (path: string, first: number, pages: number): Mapping => ({
  start: first * PAGE,
  end: (first + pages) * PAGE,
  fileOffset: 7 * PAGE,
  path,
  device: '8:1',
  inode: 1n,
});

/** Path and file offset of an address: what a lookup is for. */
const placeOf = (found: Mapping | undefined, address: number) =>
  found === undefined ? undefined : `${found.path} ${found.fileOffset + address - found.start}`;

test('any mappings at any time: the newest that held, at the same file offset', () => {
  const step = fc.record({ first: fc.nat(20), pages: fc.integer({ min: 1, max: 8 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), fc.array(fc.nat(60)), (steps, forkAt) => {
      let image = ImageMappings.empty();
      const added: Mapping[] = [];
      for (const [index, { first, pages }] of steps.entries()) {
        const parent = image;
        if (forkAt.includes(index)) {
          image = image.fork();
          // What the other side maps afterwards is not ours.
          parent.add(BigInt(index), mapping('/stranger', first + 1, pages));
        }
        added.push(mapping(`/${index}`, first, pages));
        image.add(BigInt(index), added.at(-1)!);
      }
      for (let page = 0; page < 30; page++)
        for (let time = 0; time <= steps.length; time += 3) {
          const address = page * PAGE + 5;
          const expected = added.findLast(
            ({ start, end }, index) => index <= time && start <= address && address < end,
          );
          const found = image.find(address, BigInt(time));
          expect(placeOf(found, address)).toBe(placeOf(expected, address));
        }
    }),
  );
});

test('ten thousand mappings are searched, not walked', () => {
  const image = ImageMappings.empty();
  const order = Array.from({ length: 10_000 }, (_, index) => (index * 7919) % 10_000);
  for (const index of order) image.add(1n, mapping(`/${index}`, 2 * index, 1));
  for (const index of order) {
    expect(image.find(2 * index * PAGE, 1n)?.path).toBe(`/${index}`);
    expect(image.find((2 * index + 1) * PAGE, 1n)).toBeUndefined();
  }
});

test('a program that maps code at new addresses on and on keeps its files, and its newest code', () => {
  const image = ImageMappings.empty();
  image.add(0n, mapping('/bin/program', 1, 4));
  const COUNT = 200_000;
  for (let n = 1; n <= COUNT; n++)
    image.add(BigInt(n), { ...mapping('//anon', 10 * n, 1), inode: 0n });
  let kept = 0;
  const count = () => {
    kept++;
  };
  image.forEach(count, new Set());
  expect(kept).toBeLessThan(70_000);
  expect(image.find(PAGE, 5n)?.path).toBe('/bin/program');
  expect(image.find(10 * COUNT * PAGE, BigInt(COUNT))?.path).toBe('//anon');
});
