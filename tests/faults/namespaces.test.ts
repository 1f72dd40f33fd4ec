// Namespaces of every kind around waggle: it works there, or says why not. Among them clocks that are ahead:
// a time namespace is where the clocks of one process can be set without those of the host.
// Runs beside others.

import { describe, expect } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { faultRow } from '../support/fault-row.ts';
import { Waggle } from '../support/waggle.ts';
import { freshFolder, workload } from '../support/workloads.ts';

const area = 'namespaces';

/** With what unshare(1) is to be called. */
const WHERE: Readonly<Record<string, readonly string[]>> = {
  'a PID namespace with its own /proc': ['--pid', '--fork', '--mount-proc'],
  'a mount namespace': ['--mount'],
  'a network namespace': ['--net'],
  'a cgroup namespace': ['--cgroup'],
  'a UTS and an IPC namespace': ['--uts', '--ipc'],
  'all but user and time': [
    '--pid',
    '--fork',
    '--mount-proc',
    '--net',
    '--cgroup',
    '--uts',
    '--ipc',
  ],
  'clocks ahead by 100 days': [
    '--time',
    '--boottime',
    '8640000',
    '--monotonic',
    '8640000',
    '--fork',
  ],
  'clocks behind by a minute': ['--time', '--boottime', '-60', '--monotonic', '-60', '--fork'],
};

describe('works in', () => {
  for (const [what, unshare] of Object.entries(WHERE))
    faultRow(
      {
        area,
        what: `trace and record of a command in ${what}`,
        holds: 'every exec and exit is there, samples are named, the exit code is the command’s',
        times: [1, 5],
      },
      async () => {
        const prefix = ['unshare', ...unshare];
        const command = ['sh', '-c', `${workload('call_tree')} 150 >/dev/null; exit 6`];
        const traced = await Waggle.run(['trace', '--json', '--', ...command], { prefix });
        const { code, stderr } = traced;
        expect({ code, stderr }).toEqual({ code: 6, stderr: expect.stringContaining(' 0 lost') });
        expect(traced.events.filter(({ event }) => event === 'exec').length).toBe(2);
        for (const event of traced.events)
          if (event.event === 'exit') expect(Number(event.lifetimeNs)).toBeLessThan(60e9);
        const out = join(freshFolder(), 'out.folded');
        const args = ['record', '-F', '499', '-o', out, '--', ...command];
        const recorded = await Waggle.run(args, { prefix });
        expect(recorded.code).toBe(6);
        expect(readFileSync(out, 'utf8')).toMatch(/call_tree;.*main;/);
      },
    );
});

faultRow(
  {
    area,
    what: 'trace, record and doctor in a user namespace',
    holds: 'exit 1 with the reason, no stack trace',
    times: [1, 5],
  },
  async () => {
    const prefix = ['unshare', '--user', '--map-root-user'];
    for (const args of [['trace', '--', 'true'], ['record', '-a', '-d', '1'], ['doctor']]) {
      const { code, stdout, stderr } = await Waggle.run(args, { prefix });
      expect({ args, code }).toEqual({ args, code: 1 });
      expect(stdout + stderr).toMatch(/user namespace/);
      expect(stdout + stderr).not.toMatch(/^\s+at |internal error/m);
    }
  },
);

faultRow(
  {
    area,
    what: 'trace and record of a command in a PID namespace with the /proc of the host',
    holds:
      'exit 1 with the reason and what to mount; nothing of other processes is read, no command is run',
    times: [1, 5],
  },
  async () => {
    const prefix = ['unshare', '--pid', '--fork'];
    const mark = join(freshFolder(), 'mark');
    for (const command of ['trace', 'record']) {
      const { code, stderr } = await Waggle.run([command, '--', 'touch', mark], { prefix });
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: expect.stringMatching(
          /^waggle: \/proc belongs to another PID namespace.*\n.*--mount-proc/,
        ),
      });
      expect(existsSync(mark)).toBe(false);
    }
  },
);
