// Limits of the process: descriptors, address space. Where waggle cannot start it says so at once, with
// the limit and how to raise it, and no command is run; above that it works.
// Runs beside others.

import { afterAll, describe, expect } from 'bun:test';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { inPairs } from '../support/deadline.ts';
import { faultRow } from '../support/fault-row.ts';
import { Waggle } from '../support/waggle.ts';
import { freshFolder } from '../support/workloads.ts';

const area = 'resources';
const folder = freshFolder();
const mark = join(folder, 'ran');
afterAll(() => rmSync(folder, { recursive: true }));

const limited = (...limits: string[]) => ({ prefix: ['prlimit', ...limits] });
const record = ['record', '-o', join(folder, 'out.folded'), '--', 'touch', mark];

describe('descriptors', () => {
  faultRow(
    {
      area,
      what: 'record and trace with 16 to 64 descriptors',
      holds: 'they work, or say the limit and what to raise it to; then the command is not run',
      times: [1, 5],
    },
    async () => {
      const counts = Array.from({ length: 7 }, (_, index) => 16 + 8 * index);
      const runs = counts.flatMap((count) =>
        ['record', 'trace'].map((command) => ({ count, command })),
      );
      await inPairs(runs, async ({ count, command }) => {
        const own = join(folder, `${command}-${count}`);
        const options = command === 'record' ? ['-o', `${own}.folded`] : [];
        const { code, stderr } = await Waggle.run(
          [command, ...options, '--', 'touch', own],
          limited(`--nofile=${count}:${count}`),
        );
        if (code === 0) return;
        expect({ code, stderr }).toEqual({
          code: 1,
          stderr: expect.stringMatching(
            /^waggle: this process may have \d+ descriptors.*ulimit -n \d+;.*\n$/,
          ),
        });
        expect(existsSync(own)).toBe(false);
      });
    },
  );

  faultRow(
    {
      area,
      what: 'record and trace with as many descriptors as the message asks for',
      holds: 'they work',
      times: [1, 5],
    },
    async () => {
      for (const args of [record, ['trace', '--', 'touch', mark]]) {
        const { stderr } = await Waggle.run(args, limited('--nofile=16:16'));
        const asked = /ulimit -n (\d+)/.exec(stderr)?.[1] ?? '';
        const result = await Waggle.run(args, limited(`--nofile=${asked}:${asked}`));
        expect({ asked, code: result.code }).toEqual({ asked, code: 0 });
      }
    },
  );
});

faultRow(
  {
    area,
    what: 'record with 2 GB of address space, where the runtime has no JIT',
    holds: 'the limit is named, and the command is not run',
    times: [1, 3],
  },
  async () => {
    rmSync(mark, { force: true });
    const { code, stderr } = await Waggle.run(record, limited('--as=2000000000'));
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('ulimit -v') });
    expect(stderr).not.toMatch(/internal error|libbpf/);
    expect(existsSync(mark)).toBe(false);
  },
);

faultRow(
  {
    area,
    what: 'record where no memory may be locked',
    holds: 'it works with smaller rings, or names the limit at once',
    times: [1, 5],
  },
  async () => {
    rmSync(mark, { force: true });
    const drop = ['setpriv', '--bounding-set', '-ipc_lock', '--inh-caps', '-ipc_lock'];
    const prefix = [...drop, 'prlimit', '--memlock=0:0'];
    const { code, stderr } = await Waggle.run(record, { prefix });
    if (code === 0) return;
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining('CAP_IPC_LOCK, or raise the limit (ulimit -l'),
    });
    expect(existsSync(mark)).toBe(false);
  },
);

faultRow(
  {
    area,
    what: 'record and trace on one of the CPUs',
    holds: 'they work',
    times: [1, 5],
  },
  async () => {
    for (const args of [record, ['trace', '--', 'touch', mark]]) {
      const { code } = await Waggle.run(args, { prefix: ['taskset', '-c', '0'] });
      expect(code).toBe(0);
    }
  },
);
