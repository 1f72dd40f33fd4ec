// What a recording takes has to be bounded by what runs, not by how long it lasts. scripts/soak shows it
// over minutes and hours; here so many new files are executed that what is kept of each would show.

import { expect } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { faultRow, IS_LONG } from '../support/fault-row.ts';
import { parseFolded, samplesWith } from '../support/folded.ts';
import { Waggle } from '../support/waggle.ts';
import { freshFolder, workload, workloadNamed } from '../support/workloads.ts';

const area = 'growth';
const PROGRAM = 'hot_and_new';
const SECONDS = IS_LONG ? 60 : 10;
/** A second, as far as the host gets. */
const NEW_FILES = 120;
/** 256 new files make naming due, a second after the last time, and as many may come meanwhile; and our own. */
const MAX_DESCRIPTORS = 640;
/** Of the stacks: tables that come too late cut them. */
const MIN_COMPLETE = 97;

faultRow(
  {
    area,
    what: 'a host executes 120 new files a second, each once, and deletes them soon',
    holds: 'files are closed once their samples have names, and all of those do',
    times: [1, 3],
  },
  async () => {
    const folder = freshFolder();
    const folded = join(folder, 'one.folded');
    const load = [workload('busy_host'), workloadNamed('named_burn', PROGRAM), folder];
    await using waggle = new Waggle([
      ...['record', '-F', '999', '-o', folded, '--', ...load],
      ...[String(SECONDS), '0', String(NEW_FILES), '2'],
    ]);
    let most = 0;
    const watch = setInterval(() => {
      try {
        most = Math.max(most, readdirSync(`/proc/${waggle.pid}/fd`).length);
      } catch {
        // It has ended.
      }
    }, 100);
    const { code, stdout, stderr } = await waggle.result().finally(() => clearInterval(watch));
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining(' 0 lost; ') });
    const complete = Number(/([\d.]+) % of user stacks are complete/.exec(stderr)?.[1]);
    expect(complete).toBeGreaterThan(MIN_COMPLETE);
    const files = Number(/(\d+) new files/.exec(stdout)?.[1]);
    // On a host that is too busy for so many there is less to show.
    expect(files).toBeGreaterThan(50);
    expect(most).toBeLessThan(MAX_DESCRIPTORS);
    const stacks = parseFolded(readFileSync(folded, 'utf8')).filter(({ frames }) =>
      frames[0]?.startsWith('new-'),
    );
    const named = samplesWith(stacks, PROGRAM);
    const nameless = stacks
      .filter(({ frames }) => frames.some((name) => name.startsWith('[new-')))
      .reduce((sum, { count }) => sum + count, 0);
    expect(named).toBeGreaterThan(files);
    expect(nameless).toBeLessThan(0.05 * named);
  },
);
