/** That every reference of a written file leads somewhere, as the viewer takes for granted. */
import { expect, test } from 'bun:test';
import { randomOf, randomProfile } from '../../test/random-profile.ts';
import { encodeFirefox } from '../index.ts';
import { totalSamples } from '../profile.ts';

type Table = Record<string, unknown[]> & { length: number };

function expectTable(table: Table): void {
  for (const [name, column] of Object.entries(table))
    if (name !== 'length') expect(column).toHaveLength(table.length);
}

function expectReferences(column: unknown[] | undefined, target: { length: number }): void {
  for (const index of column ?? []) {
    expect(Number.isInteger(index)).toBe(true);
    expect(index as number).toBeWithin(0, target.length);
  }
}

test('tables are complete, and references stay in range', () => {
  for (let seed = 1; seed <= 80; seed++) {
    const { meta, libs, shared, threads } = JSON.parse(
      encodeFirefox(randomProfile(randomOf(seed))),
    );
    const { stringArray, stackTable, frameTable, funcTable, resourceTable } = shared;
    for (const table of [stackTable, frameTable, funcTable, resourceTable]) expectTable(table);
    expectTable(shared.nativeSymbols);
    expectTable(shared.sources);

    for (const text of stringArray) expect(typeof text).toBe('string');
    expect(new Set(stringArray).size).toBe(stringArray.length);
    expectReferences(stackTable.frame, frameTable);
    stackTable.prefix.forEach((prefix: number | null, row: number) => {
      if (prefix !== null) expect(prefix).toBeWithin(0, row);
    });
    expectReferences(frameTable.func, funcTable);
    expectReferences(frameTable.category, meta.categories);
    expectReferences(funcTable.name, stringArray);
    expectReferences(
      funcTable.resource.filter((index: number) => index !== -1),
      resourceTable,
    );
    expectReferences(
      funcTable.source.filter((index: number | null) => index !== null),
      shared.sources,
    );
    expectReferences(shared.sources.filename, stringArray);
    expectReferences(resourceTable.name, stringArray);
    expectReferences(resourceTable.lib, libs);

    expect(threads.length).toBeGreaterThan(0);
    expect(new Set(threads.map(({ pid }: { pid: string }) => pid)).size).toBe(threads.length);
    for (const { samples, markers } of threads) {
      const { weightType, ...columns } = samples;
      expect(weightType).toBe('samples');
      expectTable(columns);
      expectTable(markers);
      expectReferences(
        samples.stack.filter((stack: number | null) => stack !== null),
        stackTable,
      );
      expect(samples.time).toEqual(samples.time.toSorted((a: number, b: number) => a - b));
    }
  }
});

test('weights add up to the samples of the profile', () => {
  for (let seed = 1; seed <= 80; seed++) {
    const random = randomProfile(randomOf(seed));
    const { threads } = JSON.parse(encodeFirefox(random));
    const weights: number[] = threads.flatMap(
      ({ samples }: { samples: { weight: number[] } }) => samples.weight,
    );
    expect(weights.reduce((sum, weight) => sum + weight, 0)).toBe(totalSamples(random.stacks));
  }
});

test('one category is grey, which is how the viewer finds its default', () => {
  const { categories } = JSON.parse(encodeFirefox(randomProfile(randomOf(1)))).meta;
  expect(categories.filter(({ color }: { color: string }) => color === 'grey')).toHaveLength(1);
  for (const { subcategories } of categories) expect(subcategories).toEqual(['Other']);
});
