// Which tests a change can break, as far as they are worth running after every save: those of the same
// package that reach the changed file by imports. Tests of other packages and those in tests/, on the
// real kernel, are left to `npm test`.

import { dirname } from 'node:path';
import type { Import } from '../layers/imports.ts';

/** Test files by the folder in which `bun test` is to be run, with paths relative to it. */
export function affectedTests(
  changed: readonly string[],
  files: readonly string[],
  imports: readonly Import[],
): Map<string, string[]> {
  const importers = new Map<string, string[]>();
  for (const { from, to } of imports) importers.set(to, [...(importers.get(to) ?? []), from]);

  const tests = new Set<string>();
  for (const file of changed) {
    const home = homeOf(file);
    if (home === undefined) continue;
    const reached = new Set([file]);
    for (const next of reached) for (const from of importers.get(next) ?? []) reached.add(from);
    for (const test of reached) {
      if (test.endsWith('.test.ts') && homeOf(test) === home && files.includes(test))
        tests.add(test);
    }
  }
  return Map.groupBy([...tests].sort(), (test) => homeOf(test) ?? dirname(test)) as Map<
    string,
    string[]
  >;
}

/** The package of a file, or `scripts`; undefined for end-to-end tests and examples. */
function homeOf(file: string): string | undefined {
  return /^(?:packages\/[^/]+|scripts)(?=\/)/.exec(file)?.[0];
}
