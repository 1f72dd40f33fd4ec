// The contract suite under deno test.

import { openNative } from '../src/index.ts';
import { CASES } from './contract/cases.ts';
import { reasonToSkip } from './support/case.ts';

/** The part of Deno's API that is used: the repository is type-checked with Bun's types. */
declare const Deno: {
  test(definition: { name: string; ignore: boolean; fn: () => void | Promise<void> }): void;
};

const native = await openNative();

for (const each of CASES) {
  const reason = reasonToSkip(each);
  Deno.test({
    name: reason === undefined ? each.name : `${each.name} (${reason})`,
    ignore: reason !== undefined,
    fn: () => each.run(native),
  });
}
