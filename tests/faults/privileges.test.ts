// Rights that are missing: each capability in turn, both of those that BPF needs, all of them, another user.
// What is missing is named, the exit code is 1 unless it can be done without, and nobody sees a stack trace.
// Runs beside others.

import { afterAll, describe, expect } from 'bun:test';
import { chmodSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { faultRow, IS_LONG } from '../support/fault-row.ts';
import { Waggle } from '../support/waggle.ts';
import { freshFolder } from '../support/workloads.ts';

const area = 'privileges';
const folder = freshFolder();
const mark = join(folder, 'mark');
chmodSync(folder, 0o777);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Those that anything here could be about; the long form takes all that there are. */
const SOME = ['bpf', 'perfmon', 'sys_admin', 'sys_ptrace', 'ipc_lock', 'sys_resource'];
const all = Bun.spawnSync(['setpriv', '--list-caps']).stdout.toString().trim().split('\n');
const capabilities = IS_LONG ? all : SOME;

const without = (...names: readonly string[]) => {
  const list = names.map((name) => `-${name}`).join(',');
  return { prefix: ['setpriv', '--bounding-set', list, '--inh-caps', list] };
};
const NOBODY = { prefix: ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] };

const commands: readonly (readonly string[])[] = [
  ['trace', '--', 'touch', mark],
  ['record', '-o', join(folder, 'out.folded'), '--', 'touch', mark],
];

function expectWords(stderr: string): void {
  expect(stderr).not.toMatch(/^\s+at |internal error|undefined/m);
}

describe('capabilities', () => {
  faultRow(
    {
      area,
      what: `each of ${capabilities.length} capabilities is missing, of trace and record`,
      holds: 'they work, or exit 1 and name what is missing; then the command is not run',
      times: [1, 2],
    },
    async () => {
      for (const name of capabilities)
        for (const args of commands) {
          rmSync(mark, { force: true });
          const { code, stderr } = await Waggle.run(args, without(name));
          expectWords(stderr);
          if (code === 0) continue;
          expect({ name, code, stderr }).toEqual({
            name,
            code: 1,
            stderr: expect.stringMatching(/CAP_[A-Z_]+/),
          });
          expect(existsSync(mark)).toBe(false);
        }
    },
  );

  for (const names of [
    ['bpf', 'sys_admin'],
    ['perfmon', 'sys_admin'],
    ['bpf', 'perfmon', 'sys_admin'],
  ])
    faultRow(
      {
        area,
        what: `${names.join(', ')} are missing, of trace, record and doctor`,
        holds:
          'exit 1, just what is missing is named, and the command is not run; record of a command does without BPF, and says so',
        times: [1, 5],
      },
      async () => {
        const needed = names.filter((name) => name !== 'sys_admin');
        for (const args of commands) {
          rmSync(mark, { force: true });
          const { code, stderr } = await Waggle.run(args, without(...names));
          expectWords(stderr);
          const byPerfEvents =
            args[0] === 'record' && /this command alone is recorded/.test(stderr);
          expect({ args, code, stderr }).toEqual({ args, code: byPerfEvents ? 0 : 1, stderr });
          for (const name of needed) expect(stderr).toContain(`CAP_${name.toUpperCase()}`);
          expect(existsSync(mark)).toBe(byPerfEvents);
        }
        const { code, stdout, stderr } = await Waggle.run(['doctor'], without(...names));
        expectWords(stdout + stderr);
        expect(code).toBe(1);
        for (const name of needed) expect(stdout).toContain(`CAP_${name.toUpperCase()}`);
      },
    );
});

faultRow(
  {
    area,
    what: 'another user without any right, of every command',
    holds: 'exit 1 and what is missing, or it works where no right is needed',
    times: [1, 5],
  },
  async () => {
    const profile = join(folder, 'in.folded');
    writeFileSync(profile, 'main;work 3\n');
    chmodSync(profile, 0o644);
    for (const left of [mark, join(folder, 'out.folded')]) rmSync(left, { force: true });
    for (const args of [...commands, ['doctor']]) {
      const { code, stdout, stderr } = await Waggle.run(args, NOBODY);
      expectWords(stdout + stderr);
      // Where kernel.perf_event_paranoid lets them, people record commands of their own.
      const byPerfEvents = args[0] === 'record' && /this command alone is recorded/.test(stderr);
      expect({ args, code }).toEqual({ args, code: byPerfEvents ? 0 : 1 });
      expect(stdout + stderr).toMatch(/CAP_BPF/);
      expect(existsSync(mark)).toBe(byPerfEvents);
      rmSync(mark, { force: true });
    }
    for (const args of [['convert', profile, '-'], ['ps', '1'], ['--help']]) {
      const { code, stderr } = await Waggle.run(args, NOBODY);
      expectWords(stderr);
      expect({ args, code }).toEqual({ args, code: 0 });
    }
  },
);
