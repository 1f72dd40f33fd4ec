// The contract suite under bun test.

import { test } from 'bun:test';
import { openNative } from '../src/index.ts';
import { CASES } from './contract/cases.ts';
import { reasonToSkip } from './support/case.ts';

const native = await openNative();

for (const each of CASES) {
  const reason = reasonToSkip(each);
  if (reason === undefined) test(each.name, () => each.run(native));
  else test.skip(`${each.name} (${reason})`, () => {});
}
