// Programs and memory on a file system whose server stops answering (FUSE here; NFS is alike). Whoever asks it
// waits until the server is gone, in the kernel, where not even SIGKILL ends the wait. So nobody whose end
// counts may ask: the recording ends in time, says what it could not read, and all others have their names.

import { afterAll, beforeAll, expect } from 'bun:test';
import { readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { faultRow } from '../support/fault-row.ts';
import { parseFolded, samplesWith } from '../support/folded.ts';
import { FuseMount } from '../support/fuse-mount.ts';
import { Waggle, type WaggleResult } from '../support/waggle.ts';
import { freshFolder, workload } from '../support/workloads.ts';

const area = 'silent-mounts';
const folder = freshFolder();
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeAll(async () => void (await Waggle.run(['--version'])), 60_000);

const out = join(folder, 'out.folded');
const folded = () => parseFolded(readFileSync(out, 'utf8'));
/** Reading a silent one has three seconds, ending the recording as much again, on a busy machine more. */
const MAX_SECONDS = 28;
const SAYS =
  /objects? (was|were) left without names: the file systems? that they lie on .* did not answer/;

let mounts = 0;
const mountOf = (program: string) => FuseMount.of(join(folder, `mount_${mounts++}`), program);

/** What the body makes of a command of waggle's that must end by itself while the mount is there. */
async function whileMounted(
  mount: FuseMount,
  args: readonly string[],
  meanwhile: () => Promise<void> | void = () => {},
): Promise<WaggleResult> {
  rmSync(out, { force: true });
  const startedAt = performance.now();
  // At its end a process of it may wait in the kernel, until the mount is gone.
  await using _waggle = new Waggle(args);
  try {
    await meanwhile();
    const result = await _waggle.result();
    expect((performance.now() - startedAt) / 1000).toBeLessThan(MAX_SECONDS);
    return result;
  } finally {
    await mount[Symbol.asyncDispose]();
  }
}

for (const [when, silent] of [
  ['stops answering before it is recorded', 'before'],
  ['stops answering while it is recorded', 'while'],
  ['answers', 'never'],
] as const)
  faultRow(
    {
      area,
      what: `recording programs that lie on a file system that ${when}`,
      holds:
        silent === 'never'
          ? 'they have their names and whole stacks'
          : 'it ends in time, says whose names are missing, and another program has its names',
      times: [1, 5],
    },
    async () => {
      await using mount = await mountOf(workload('asks_time'));
      if (mount === undefined) return;
      const programs = [mount.program, mount.program, workload('asks_time')].map((program) =>
        Bun.spawn([program, '60000'], { stdout: 'ignore' }),
      );
      try {
        await Bun.sleep(300);
        if (silent === 'before') mount.beSilent();
        const pids = programs.map(({ pid }) => pid).join(',');
        const { code, stderr } = await whileMounted(
          mount,
          ['record', '-p', pids, '-d', '2', '-o', out],
          async () => {
            if (silent !== 'while') return;
            await Bun.sleep(1500);
            mount.beSilent();
          },
        );
        const stacks = folded();
        expect(code).toBe(0);
        expect(samplesWith(stacks, 'main')).toBeGreaterThan(0);
        if (silent === 'before') expect(stderr).toMatch(SAYS);
        if (silent !== 'never') return;
        const own = stacks.filter(({ frames }) => frames[0] === 'program');
        expect(samplesWith(own, 'main')).toBeGreaterThan(0);
        expect(stderr).not.toMatch(SAYS);
      } finally {
        for (const program of programs) program.kill('SIGKILL');
      }
    },
  );

faultRow(
  {
    area,
    what: 'recording a command that maps a silent file where code of its own was',
    holds:
      'its memory is looked at for a moment only: it ends in time, with its exit code and names',
    times: [1, 5],
  },
  async () => {
    await using mount = await mountOf(workload('asks_time'));
    if (mount === undefined) return;
    const command = [workload('covers_text'), mount.program, String(mount.pid), '800'];
    const { code } = await whileMounted(mount, ['record', '-o', out, '--', ...command]);
    expect(code).toBe(0);
    expect(samplesWith(folded(), 'burn')).toBeGreaterThan(0);
  },
);

faultRow(
  {
    area,
    what: 'tracing a program on a file system that has stopped answering',
    holds: 'it ends with the program, with its exit',
    times: [1, 5],
  },
  async () => {
    await using mount = await mountOf(workload('asks_time'));
    if (mount === undefined) return;
    const program = Bun.spawn([mount.program, '60000'], { stdout: 'ignore' });
    try {
      await Bun.sleep(300);
      mount.beSilent();
      {
        await using trace = await Waggle.trace(['-p', String(program.pid), '--environ']);
        program.kill('SIGKILL');
        await trace.event((event) => event.event === 'exit');
        expect((await trace.result()).code).toBe(0);
      }
    } finally {
      program.kill('SIGKILL');
    }
  },
);

for (const [what, args, says] of [
  ['recording', ['record', '-o', out, '-d', '2'], SAYS],
  ['tracing', ['trace', '--json', '--duration', '2'], undefined],
  ['keeping', ['agent', '--store', join(folder, 'store'), '-d', '2'], undefined],
] as const)
  faultRow(
    {
      area,
      what: `${what} programs that were deleted from a file system that has stopped answering`,
      holds: 'nobody waits for it: it ends in time',
      times: [1, 5],
    },
    async () => {
      await using mount = await mountOf(workload('asks_time'));
      if (mount === undefined) return;
      const programs = [1, 2].map(() => Bun.spawn([mount.program, '60000'], { stdout: 'ignore' }));
      try {
        await Bun.sleep(300);
        rmSync(mount.program);
        mount.beSilent();
        const followed = what === 'keeping' ? [] : ['-p', programs.map(({ pid }) => pid).join(',')];
        const { code, stderr } = await whileMounted(mount, [...args, ...followed]);
        expect({ code, stderr }).toMatchObject({ code: 0 });
        if (says !== undefined) expect(stderr).toMatch(says);
      } finally {
        for (const program of programs) program.kill('SIGKILL');
      }
    },
  );

faultRow(
  {
    area,
    what: 'recording a container with generated code whose root is on a file system that stops answering',
    holds:
      'nobody looks there for its perf map: it ends in time, and another program has its names',
    times: [1, 5],
  },
  async () => {
    await using mount = await mountOf(workload('generated_static'));
    if (mount === undefined) return;
    const inside = ['chroot', dirname(mount.program), '/program', '60000'];
    const programs = [inside, [workload('asks_time'), '60000']].map((command) =>
      Bun.spawn(command, { stdout: 'ignore' }),
    );
    try {
      await Bun.sleep(300);
      mount.beSilent();
      const pids = programs.map(({ pid }) => pid).join(',');
      const { code } = await whileMounted(mount, ['record', '-p', pids, '-d', '2', '-o', out]);
      expect(code).toBe(0);
      const stacks = folded();
      expect(samplesWith(stacks, 'main')).toBeGreaterThan(0);
      // It was sampled, and what it ran there is told from what has a file.
      expect(stacks.some(({ frames }) => frames.at(-1)?.startsWith('[jit+'))).toBe(true);
    } finally {
      for (const program of programs) program.kill('SIGKILL');
    }
  },
);
