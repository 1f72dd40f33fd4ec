// A terminal that nobody reads: a frozen window, a session whose other end is gone. Whoever writes there waits
// once its buffer is full, in the kernel. The trace or recording ends all the same, and so does its command.

import { afterAll, beforeAll, expect } from 'bun:test';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { faultRow } from '../support/fault-row.ts';
import { parseFolded, samples } from '../support/folded.ts';
import { TestProcess } from '../support/processes.ts';
import { Terminal } from '../support/terminal.ts';
import { Waggle } from '../support/waggle.ts';
import { freshFolder, workload } from '../support/workloads.ts';

const area = 'terminals';
const folder = freshFolder();
const out = join(folder, 'out.folded');
afterAll(() => rmSync(folder, { recursive: true }));
beforeAll(async () => void (await Waggle.run(['--version'])), 60_000);

/** A reader that stalls is waited for five seconds at the end; a busy machine takes longer. */
const MAX_SECONDS = 25;
/** What frozen_terminal says once nothing more fits: whoever writes waits then. */
const FULL = /^frozen_terminal: full/m;
const BUSY = ['sh', '-c', `while :; do /bin/true ${'a'.repeat(200)}; done`];

for (const [signal, does] of [
  ['SIGTERM', 'SIGTERM'],
  ['SIGINT', 'SIGINT'],
  ['SIGHUP', 'its hang-up'],
] as const)
  faultRow(
    {
      area,
      what: `a trace on a terminal that nobody reads, ended by ${does}`,
      holds: 'it ends in time, and so does what it follows',
      times: [1, 5],
      waits: true,
    },
    async () => {
      const options = { prefix: [workload('frozen_terminal')] };
      await using trace = new Waggle(['trace', '--', ...BUSY], options);
      await trace.says(FULL);
      const startedAt = performance.now();
      const { code } = await trace.stop(signal);
      expect((performance.now() - startedAt) / 1000).toBeLessThan(MAX_SECONDS);
      // Nobody was told everything; where the terminal is gone nobody can be.
      expect(code).toBe(1);
    },
  );

/** Gives back the screen that was there before (xterm's ctlseqs: private mode 1049). */
const MAIN_SCREEN = '\u001b[?1049l';

for (const [signal, does] of [
  ['SIGTERM', 'SIGTERM'],
  ['SIGINT', 'SIGINT'],
  ['SIGHUP', 'its hang-up'],
] as const)
  for (const [what, command] of [
    ['top', []],
    [
      'top with a command that writes without end',
      ['--', 'sh', '-c', 'while :; do echo more; done'],
    ],
  ] as const)
    faultRow(
      {
        area,
        what: `${what} on a terminal that is read no more in the middle of a picture, ended by ${does}`,
        holds:
          'it ends in time, its command too, and whoever reads the terminal again finds it given back',
        times: [1, 5],
        waits: true,
      },
      async () => {
        const options = { prefix: [workload('frozen_terminal')], env: { TERM: 'xterm-256color' } };
        await using top = new Waggle(['top', ...command], options);
        // Somebody for the picture to tell of.
        await using _busy = new TestProcess([...BUSY]);
        await top.says(FULL);
        expect(top.hasEnded).toBe(false);
        const startedAt = performance.now();
        const { code, stdout } = await top.stop(signal);
        expect((performance.now() - startedAt) / 1000).toBeLessThan(MAX_SECONDS);
        // Where the terminal is gone, reading from it failed.
        if (signal === 'SIGHUP') return;
        // The command gets the signal first, and its end is ours.
        if (command.length === 0) expect(code).toBe(0);
        expect(stdout).toContain(MAIN_SCREEN);
      },
    );

/** A view whose host, clock and terminal are real, and that fails where it is told to. */
const FAILING = `
import { TerminalView } from '${join(import.meta.dir, '../../packages/tui/src/index.ts')}';
import { someHost } from '${join(import.meta.dir, '../../packages/tui/test/some-host.ts')}';
const { top } = someHost();
const fail = () => { throw new Error('a mistake of ours'); };
top[process.argv[2]] = fail;
await TerminalView.open(top, { refreshMs: 100, mouse: true, env: process.env });
`;

for (const [method, what] of [
  ['press', 'a key is pressed'],
  ['click', 'the mouse is pressed'],
  ['tick', 'a picture is due'],
] as const)
  faultRow(
    {
      area,
      what: `a mistake of our own in top as ${what}`,
      holds: 'it ends with exit 1 and the error in words, the terminal as it was',
      times: [1, 5],
      waits: true,
    },
    async () => {
      const script = join(folder, `failing-${method}.ts`);
      writeFileSync(script, FAILING);
      using terminal = new Terminal();
      terminal.type(`echo before; ${process.execPath} ${script} ${method}; echo "code=$?"`);
      if (method !== 'tick') await terminal.shows('1 Processes');
      if (method === 'press') terminal.keys('x');
      // A press of the left button, as SGR reports it (xterm's ctlseqs).
      if (method === 'click') terminal.bytes('\u001b[<0;5;5M');
      const screen = await terminal.shows('code=1');
      expect(screen).toContain('a mistake of ours');
      expect(screen).toMatch(/^before$/m);
      expect(screen).not.toContain('1 Processes');
    },
  );

faultRow(
  {
    area,
    what: 'a recording whose command writes without end to a terminal that nobody reads, ended by SIGTERM',
    holds: 'the command ends, and the profile is written',
    times: [1, 5],
  },
  async () => {
    rmSync(out, { force: true });
    const options = { prefix: [workload('frozen_terminal')] };
    const command = ['sh', '-c', 'i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; exec yes'];
    await using record = new Waggle(['record', '-o', out, '--', ...command], options);
    await record.says(FULL);
    const startedAt = performance.now();
    const { code } = await record.stop('SIGTERM');
    expect((performance.now() - startedAt) / 1000).toBeLessThan(MAX_SECONDS);
    expect(code).toBe(143);
    expect(samples(parseFolded(readFileSync(out, 'utf8')))).toBeGreaterThan(0);
  },
);
