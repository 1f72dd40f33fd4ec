// Programs in an overlay over a file system whose server stops answering: whoever asks it waits, as in
// silent-mounts.test.ts, and the overlay does not look like one that asks anybody. Roots of containers are overlays as well,
// over disks of the host, and their programs keep their names.

import { afterAll, beforeAll, expect } from 'bun:test';
import { readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { faultRow } from '../support/fault-row.ts';
import { parseFolded, samplesWith } from '../support/folded.ts';
import { FuseMount } from '../support/fuse-mount.ts';
import { inOwnOverlay, OverlayLayers, OverlayMount } from '../support/overlays.ts';
import { untilBurned } from '../support/processes.ts';
import { Waggle } from '../support/waggle.ts';
import { freshFolder, workload } from '../support/workloads.ts';

const area = 'silent-overlays';
const folder = freshFolder();
afterAll(() => rmSync(folder, { recursive: true, force: true }));
// Bundled now, and not beside programs that have all CPUs.
beforeAll(async () => {
  for (const command of ['record', 'trace', 'agent']) await Waggle.run([command, '--help']);
}, 300_000);

const out = join(folder, 'out.folded');
const SAYS = /left without names: the file systems? that they lie on .* did not answer/;

let places = 0;
const freshPlace = () => join(folder, `place_${places++}`);

/** Where the overlay over the silent server is seen, by whom nobody asks it. */
const SEEN = ['by everybody', 'by its program alone, and the server by nobody'] as const;

/** What the command made of it, with the server there until it has ended. */
async function besideSilent(
  seen: (typeof SEEN)[number],
  args: (pids: readonly number[]) => readonly string[],
) {
  using layers = new OverlayLayers(freshPlace());
  await using server = await FuseMount.of(freshPlace(), workload('asks_time'));
  if (server === undefined) return undefined;
  const over = [server.path, layers.of()];
  using shared = new OverlayMount(freshPlace(), [
    layers.of(workload('asks_time'), 'in_shared'),
    layers.of(),
  ]);
  using silent = seen === SEEN[0] ? new OverlayMount(freshPlace(), over) : undefined;
  const program = basename(server.program);
  const commands = [
    silent === undefined
      ? inOwnOverlay(freshPlace(), over, { program, args: ['600000'], hides: server.path })
      : [join(silent.path, program), '600000'],
    [join(shared.path, 'in_shared'), '600000'],
    inOwnOverlay(freshPlace(), [layers.of(workload('asks_time'), 'in_own'), layers.of()], {
      program: 'in_own',
      args: ['600000'],
    }),
  ];
  const programs = commands.map((command) => Bun.spawn(command, { stdout: 'ignore' }));
  try {
    for (const { pid } of programs) await untilBurned(pid, 50);
    server.beSilent();
    rmSync(out, { force: true });
    await using waggle = new Waggle(args(programs.map(({ pid }) => pid)));
    try {
      // Two seconds of work have a hundred, on a busy host: whoever waits for the server waits for ever.
      return await waggle.result();
    } finally {
      // Before it is waited for any more: not even SIGKILL ends what waits for the server.
      await server[Symbol.asyncDispose]();
    }
  } finally {
    for (const each of programs) each.kill('SIGKILL');
  }
}

for (const seen of SEEN)
  faultRow(
    {
      area,
      what: `recording a program in an overlay, seen ${seen}, over a file system that has stopped answering`,
      holds:
        'it ends in time and says whose names are missing; programs in overlays over memory of the host have theirs',
      times: [1, 5],
    },
    async () => {
      const result = await besideSilent(seen, (pids) => [
        ...['record', '-p', pids.join(','), '-d', '2', '-o', out],
      ]);
      if (result === undefined) return;
      expect(result).toMatchObject({ code: 0 });
      expect(result.stderr).toMatch(SAYS);
      const stacks = parseFolded(readFileSync(out, 'utf8'));
      for (const name of ['in_shared', 'in_own']) {
        const own = stacks.filter(({ frames }) => frames[0] === name);
        expect([name, samplesWith(own, 'main') > 0]).toEqual([name, true]);
      }
    },
  );

for (const [what, args] of [
  ['tracing', ['trace', '--json', '--environ', '--duration', '2']],
  ['keeping', ['agent', '--store', join(folder, 'store'), '-d', '2']],
] as const)
  faultRow(
    {
      area,
      what: `${what} beside a program in an overlay over a file system that has stopped answering`,
      holds: 'nobody waits for it: it ends in time',
      times: [1, 5],
    },
    async (round) => {
      const result = await besideSilent(SEEN[round % 2] ?? SEEN[0], () => args);
      if (result !== undefined) expect(result).toMatchObject({ code: 0 });
    },
  );
