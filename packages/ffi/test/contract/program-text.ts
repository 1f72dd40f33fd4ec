// The runtime's own code: what is resident of it can be given back, and runs on.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { Case } from '../support/case.ts';

/** Resident bytes of the code that is mapped from the runtime's file. */
function residentCode(): number {
  let bytes = 0;
  let isCode = false;
  for (const line of readFileSync('/proc/self/smaps', 'latin1').split('\n')) {
    if (/^[0-9a-f]+-/.test(line)) isCode = / r-xp /.test(line) && line.endsWith(process.execPath);
    const resident = /^Rss:\s+(\d+) kB/.exec(line);
    if (isCode && resident !== null) bytes += Number(resident[1]) * 1024;
  }
  return bytes;
}

export const programTextCases: readonly Case[] = [
  {
    name: 'program text: what is resident of it is given back, and it runs on',
    run(native) {
      const before = residentCode();
      assert.ok(before > 4 << 20, `${before} bytes of code were resident`);
      native.releaseProgramText();
      const after = residentCode();
      assert.ok(after < 0.7 * before, `${after} of ${before} bytes`);
      assert.equal(JSON.parse('[1, 2]').length, 2);
    },
  },
];
