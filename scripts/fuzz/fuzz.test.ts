// Every target for a moment, with what found something before: so that the harness does not rot, and no
// find comes back. `npm run fuzz` goes on for longer.

import { expect, test } from 'bun:test';
import { corpusOf, fuzz } from './fuzz.ts';
import { targets } from './targets/index.ts';

const SEED = 1;
const CASES = 1500;
const SECONDS = 2;

for (const target of targets)
  test(`${target.name} refuses damaged inputs in its own words, or reads them`, async () => {
    expect(corpusOf(target.name)).not.toBeEmpty();
    const { cases } = await fuzz(target, { seed: SEED, cases: CASES, seconds: SECONDS });
    expect(cases).toBeGreaterThan(0);
  });

test('a case is the same by itself', async () => {
  const seen: string[] = [];
  const target = {
    name: 'folded',
    run: (input: Uint8Array) => void seen.push(Bun.hash(input).toString()),
    refuses: () => false,
  };
  await fuzz(target, { seed: 7, cases: 40 });
  await fuzz(target, { seed: 7, only: 30 });
  expect(seen.at(-1)).toBe(seen[30] as string);
});
