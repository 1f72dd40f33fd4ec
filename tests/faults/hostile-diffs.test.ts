// The same files (hostile-profiles.test.ts) where two are compared, and those whose size is what they cost: as many
// functions as lines. Bounds are of CPU time and memory.

import { afterAll, describe, expect } from 'bun:test';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { faultRow } from '../support/fault-row.ts';
import { ALL, cases, type Hostile } from '../support/hostile-cases.ts';
import * as hostile from '../support/hostile-profiles.ts';
import { measured } from '../support/measured-run.ts';
import { freshFolder } from '../support/workloads.ts';

const area = 'hostile-profiles';
const root = freshFolder();
afterAll(() => rmSync(root, { recursive: true, force: true }));

const MAX_MEMORY = 500e6;
const MAX_CPU_SECONDS = 20;

/** What is different in each line, and so in nothing that an output could share. */
describe('as many functions as lines', () => {
  for (const [functions, times, mostMemory] of [
    [200_000, [1, 1], 900e6],
    [2_000_000, [0, 1], 4.5e9],
  ] as const)
    for (const extension of ALL)
      faultRow(
        {
          area,
          what: `${functions.toLocaleString('en')} different functions in a folded file, as ${extension}`,
          holds: 'written or refused in words, within bounds that grow with the file',
          times,
        },
        async () => {
          const [input, output] = [join(root, 'many.folded'), join(root, `many.${extension}`)];
          writeFileSync(input, hostile.foldedFunctions(functions));
          const { code, stderr, memory, cpuSeconds } = await measured('convert', input, output);
          if (process.env.WAGGLE_DEBUG)
            console.log(
              `${extension}: ${(memory / 1e6).toFixed(0)} MB, ${cpuSeconds} s: ${stderr}`,
            );
          expect([code, stderr]).toEqual(
            code === 0 ? [0, ''] : [1, expect.stringMatching(/would (be|take) /)],
          );
          expect(memory).toBeLessThan(mostMemory);
          // Twice what was measured, and a second for the start.
          expect(cpuSeconds).toBeLessThan(5 + functions * 40e-6);
          rmSync(output, { force: true });
        },
      );
});

/** Whatever `diff` reads, on which side soever. */
const SIDES: readonly Hostile[] = [
  ...cases.filter(
    ({ what }) => !/in every format|packed [13] times|fields [3-6]|messages [1-9.]{3,}/.test(what),
  ),
  { what: 'a profile that is cut in the middle', file: () => gzipHalf(), refused: /./ },
  { what: 'an empty file', file: () => '' },
];

/** Of a good profile. */
const gzipHalf = () => {
  const whole = Bun.gzipSync(hostile.largePprof(1e6) as Uint8Array<ArrayBuffer>);
  return whole.subarray(0, whole.length / 2);
};

describe('a hostile profile compared with a good one', () => {
  SIDES.forEach(({ what, file, mostMemory = MAX_MEMORY }, index) => {
    faultRow(
      {
        area,
        what: `${what}, compared with a good profile, on either side`,
        holds: 'compared, or refused in words, within bounds; nothing is left half written',
        // Some in each short run, all of them in the long one.
        times: [Math.random() < 0.2 ? 1 : 0, 1],
      },
      async () => {
        const [good, bad] = [join(root, `good${index}.folded`), join(root, `bad${index}`)];
        const output = join(root, `diff${index}.html`);
        writeFileSync(good, 'main;work 3\n');
        writeFileSync(bad, file());
        for (const args of [
          [good, bad],
          [bad, good],
          [bad, bad],
          [good, bad, '-o', output],
        ]) {
          const { code, stderr, memory, cpuSeconds } = await measured('diff', ...args);
          expect(stderr).not.toMatch(/internal error|^ {4}at /m);
          expect({ args, code, stderr }).toMatchObject({ code: stderr === '' ? 0 : code });
          expect(code).toBeLessThanOrEqual(1);
          expect(memory).toBeLessThan(2 * mostMemory);
          expect(cpuSeconds).toBeLessThan(2 * MAX_CPU_SECONDS);
        }
        expect(existsSync(output) ? readFileSync(output, 'utf8') : '</html>').toContain('</html>');
        for (const path of [good, bad, output]) rmSync(path, { force: true });
      },
    );
  });

  faultRow(
    {
      area,
      what: 'profiles of every format with bytes changed at random, compared with themselves as they were',
      holds: 'compared, or refused in words',
      times: [3, 60],
    },
    async () => {
      const [folded, bad] = [join(root, 'whole.folded'), join(root, 'mutated')];
      writeFileSync(folded, hostile.foldedFunctions(200));
      const extension = ALL[Math.floor(Math.random() * ALL.length)] ?? 'pb.gz';
      const whole = join(root, `whole.${extension}`);
      if (extension !== 'folded') expect((await measured('convert', folded, whole)).code).toBe(0);
      const bytes = readFileSync(whole);
      for (let change = 0; change < 20; change++)
        bytes[Math.floor(Math.random() * bytes.length)] = Math.random() * 256;
      writeFileSync(
        bad,
        Math.random() < 0.3 ? bytes.subarray(0, bytes.length * Math.random()) : bytes,
      );
      const { code, stderr, memory, cpuSeconds } = await measured('diff', folded, bad);
      expect(stderr).not.toMatch(/internal error|^ {4}at /m);
      expect(code).toBeLessThanOrEqual(2);
      expect(memory).toBeLessThan(MAX_MEMORY);
      expect(cpuSeconds).toBeLessThan(MAX_CPU_SECONDS);
    },
  );
});
