// Floods of what the kernel tells profilers about, by somebody who may do nothing else: renames, threads.
// Anybody can have the kernel drop records; nobody may take others' names away by it.

import { expect } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { faultRow } from '../support/fault-row.ts';
import { parseFolded, samples } from '../support/folded.ts';
import { TestProcess } from '../support/processes.ts';
import { Waggle } from '../support/waggle.ts';
import { freshFolder, workload, workloadNamed } from '../support/workloads.ts';

const area = 'floods';
const NOBODY = 65534;
const FLOOD_SECONDS = 30;
const PROGRAM = 'hot_in_a_flood';

for (const [kind, words] of [
  ['names', 'nobody renames himself in a loop on every CPU'],
  ['threads', 'nobody starts threads in a loop on every CPU'],
] as const)
  faultRow(
    {
      area,
      what: `${words}, and another program starts`,
      holds: '99 % of its samples have names',
      times: [1, 5],
    },
    async () => {
      const folded = join(freshFolder(), 'one.folded');
      await using _flood = new TestProcess([workload('floods'), kind, String(FLOOD_SECONDS)], {
        uid: NOBODY,
      });
      // Little has to be named of one command, so that a busy machine does not matter.
      const { code, stderr } = await Waggle.run([
        ...['record', '-F', '499', '-o', folded],
        ...['--', workloadNamed('named_burn', PROGRAM), '700'],
      ]);
      expect(stderr).toContain(' 0 lost; written to');
      expect(code).toBe(0);
      const own = parseFolded(readFileSync(folded, 'utf8')).filter(
        ({ frames }) => frames[0] === PROGRAM,
      );
      const inUserCode = samples(own, ({ frames }) => frames.length > 1);
      expect(inUserCode).toBeGreaterThan(100);
      const named = samples(own, ({ frames }) => frames.includes(PROGRAM, 1));
      // The program's own start, its libraries' and exit, is a sample or two, of the kernel's mostly.
      const nameless = samples(own, ({ frames }) =>
        frames.some((name) => name.startsWith('[unknown')),
      );
      expect(nameless).toBeLessThanOrEqual(0.01 * inUserCode);
      expect(named).toBeGreaterThan(0.9 * inUserCode);
    },
  );
