// Debug information of others that root's `record --lines` reads while naming: some hundred kilobytes on disk that would
// be gigabytes of rows, functions and names. Naming ends in time, in bounded memory, and other programs keep their names.

import { expect } from 'bun:test';
import { readFileSync } from 'node:fs';
import { BoundedRecorder, Burners, expectBounded } from '../support/burners.ts';
import { faultRow } from '../support/fault-row.ts';
import { parseFolded, samplesWith } from '../support/folded.ts';
import { DWARF_BOMBS } from '../support/hostile-dwarf.ts';

const recorder = BoundedRecorder.forFile();

for (const [what, sections] of Object.entries(DWARF_BOMBS))
  faultRow(
    {
      area: 'hostile-files',
      what: `recording two of nobody's programs whose DWARF is ${what}, with --lines`,
      holds: 'it ends in time and in bounded memory, and other programs have their names',
      times: [1, 3],
    },
    async () => {
      await using burners = await Burners.of(recorder.folder, 2, sections);
      expectBounded(await recorder.recorded(burners.pids, '--lines'));
      const stacks = parseFolded(readFileSync(recorder.output, 'utf8'));
      expect(samplesWith(stacks, 'only_in_1')).toBeGreaterThan(0);
    },
  );
