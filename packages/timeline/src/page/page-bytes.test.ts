// What a page is told is read as it was packed, whatever the numbers and texts are and wherever the reader pauses.

import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { aligned, pageBytes } from './page-bytes.ts';
import { COLUMNS, type PageAbout, type PageData } from './page-data.ts';
import { readPage } from './viewer/read-page.ts';

const number = fc.oneof(
  fc.integer({ min: -130, max: 130 }),
  fc.integer({ min: -40_000, max: 40_000 }),
  fc.integer(),
  fc.maxSafeInteger(),
);
const columns = (names: readonly string[]) =>
  fc.record(Object.fromEntries(names.map((name) => [name, fc.array(number, { maxLength: 20 })])));
const text = fc.string({ unit: 'binary', maxLength: 40 });
const made = fc.record({
  beganAt: fc.nat(),
  duration: fc.nat(),
  names: fc.array(text),
  texts: fc.array(text),
  commands: fc.array(fc.array(text, { maxLength: 5 })),
  lists: fc.array(fc.array(fc.nat(), { maxLength: 5 })),
  processes: columns(COLUMNS.processes),
  images: columns(COLUMNS.images),
  failures: columns(COLUMNS.failures),
}) as unknown as fc.Arbitrary<PageData<readonly number[]>>;

/** Typed arrays as lists. */
function plain(data: PageData) {
  const lists = (of: object) =>
    Object.fromEntries(Object.entries(of).map(([name, column]) => [name, Array.from(column)]));
  const { processes, images, failures, ...rest } = data;
  return { ...rest, processes: lists(processes), images: lists(images), failures: lists(failures) };
}

const copied = (bytes: Uint8Array): ArrayBuffer => bytes.slice().buffer as ArrayBuffer;

test('a page of any numbers and texts', async () => {
  await fc.assert(
    fc.asyncProperty(made, fc.boolean(), async (data, isSlow) => {
      const about: PageAbout = { title: 'a', facts: [['b', 'c', true]], isEmpty: false };
      const pause = () => (isSlow ? Promise.resolve() : undefined);
      const read = await readPage(copied(pageBytes(data, about)), pause);
      expect(plain(read.data)).toEqual(plain(data as PageData));
      expect(read.about).toEqual(about);
    }),
    { numRuns: 200 },
  );
});

test('many texts come in blocks, each read by itself', async () => {
  const texts = Array.from({ length: 20_000 }, (_, at) => `a text with the number ${at}`);
  const empty = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, []]));
  const data = {
    ...{ beganAt: 1, duration: 2, names: [], texts, commands: [], lists: [] },
    processes: empty(COLUMNS.processes),
    images: empty(COLUMNS.images),
    failures: empty(COLUMNS.failures),
  } as unknown as PageData<readonly number[]>;
  let pauses = 0;
  const { data: read } = await readPage(copied(pageBytes(data)), () => {
    pauses++;
    return undefined;
  });
  expect(read.texts).toEqual(texts);
  expect(pauses).toBeGreaterThan(10);
});

test('columns lie where their numbers may be looked at', () => {
  expect([0, 1, 7, 8, 9].map(aligned)).toEqual([0, 8, 8, 8, 16]);
});
