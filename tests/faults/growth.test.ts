// What a recording takes has to be bounded by what runs, not by how long it lasts. scripts/soak shows it
// over minutes and hours; here so many new files are executed, or so much generated code is described, that
// what is kept of each program would show.

import { expect } from 'bun:test';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
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
/** 128 that wait make naming due, a second after the last time, and some seconds' come meanwhile; and our own. */
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

/** Four of them are more than one user's maps may take. */
const FUNCTIONS = 150_000;
const PROGRAMS = IS_LONG ? 24 : 8;
const RECORD_BYTES = 128;

/** What JavaScriptCore writes of so many functions, each with a long name. */
function jitDump(functions: number): Buffer {
  const dump = Buffer.alloc(40 + functions * RECORD_BYTES);
  dump.writeUInt32LE(0x4a69_5444, 0);
  dump.writeUInt32LE(1, 4);
  dump.writeUInt32LE(40, 8);
  dump.writeUInt32LE(62, 12);
  for (let index = 0, at = 40; index < functions; index++, at += RECORD_BYTES) {
    dump.writeUInt32LE(RECORD_BYTES, at + 4);
    dump.writeBigUInt64LE(BigInt(index + 1), at + 8);
    dump.writeBigUInt64LE(BigInt(0x1000_0000 + index * 16), at + 32);
    dump.writeBigUInt64LE(16n, at + 40);
    dump.write(`JSC-DFG: of_a_long_library_${index}#${`${index}`.padStart(6, '0')}\0`, at + 56);
  }
  return dump;
}

faultRow(
  {
    area,
    what: `${PROGRAMS} programs one after the other, each with a jitdump of a third of what one user's may take`,
    holds:
      'what an ended one took is given back: the last one has its names, and nothing is left out',
    times: [1, 3],
    timeoutMs: 1_200_000,
  },
  async () => {
    const folder = freshFolder();
    const folded = join(folder, 'one.folded');
    writeFileSync(join(folder, 'jit-1.dump'), jitDump(FUNCTIONS));
    const script = `cd "$0" && for i in $(seq ${PROGRAMS}); do "$1" 1500 plain jit-1.dump; done; "$2" dump 500`;
    const programs = [folder, workload('generated'), workload('late_names')];
    const record = ['record', '-o', folded, '--', 'sh', '-c', script, ...programs];
    // Each program burns a second and a half of CPU time.
    await using waggle = new Waggle(record, { endWithinMs: 15_000 * PROGRAMS });
    const { code, stderr } = await waggle.result();
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('written to') });
    expect(stderr).not.toContain('were not read to their end');
    const stacks = parseFolded(readFileSync(folded, 'utf8'));
    expect(samplesWith(stacks, 'before_swap')).toBeGreaterThan(0);
    expect(samplesWith(stacks, 'after_swap')).toBeGreaterThan(0);
  },
);
