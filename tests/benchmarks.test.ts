// A smoke of `npm run bench`: it runs to its end, beside what is installed here, and nothing costs more than
// twice what it may. Twice, and the best of the rounds of each, because a machine of CI is not quiet; what we
// really cost is in docs/benchmarks.md.

import { expect } from 'bun:test';
import { join } from 'node:path';
import { savedRows } from '../bench/rows.ts';
import { kernelTest } from './support/kernel-test.ts';

const root = join(import.meta.dir, '..');
const NOISE = 2;
const ROUNDS = '2';
const SECONDS = '1';

kernelTest(
  'a recording costs at most twice what the goals allow, where there is a peer',
  async () => {
    const bench = Bun.spawn([process.execPath, 'bench/profilers.ts', ROUNDS, SECONDS, 'fp-99'], {
      cwd: join(root, 'packages/cli'),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const said = await new Response(bench.stderr).text();
    expect({ code: await bench.exited, said }).toMatchObject({ code: 0 });
    const rows = savedRows(join(root, 'packages/cli')).filter(({ what }) =>
      what.startsWith('record -a --unwind fp, 1 s at 99 Hz'),
    );
    expect(rows.length).toBeGreaterThan(0);
    for (const { what, spread, versus, maxRatio, skipped } of rows) {
      if (spread === undefined) expect(skipped).toMatch(/is not installed \(.+\)$/);
      if (spread === undefined || versus?.spread === undefined || maxRatio === undefined) continue;
      const ratio = spread[0] / versus.spread[0];
      expect(ratio, `${what}, beside ${versus.name}`).toBeLessThan(NOISE * maxRatio);
    }
  },
);
