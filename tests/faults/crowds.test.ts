// Very many of one thing, and groups with a limit: processes, threads, mappings, forks until pids.max, memory
// until memory.max. Recordings and traces end in time and say what is missing.

import { afterAll, describe, expect } from 'bun:test';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BoundedRecorder, expectBounded } from '../support/burners.ts';
import { cgroupMount, newCgroup } from '../support/cgroups.ts';
import { eventually } from '../support/deadline.ts';
import { faultRow, IS_LONG } from '../support/fault-row.ts';
import { parseFolded, samples } from '../support/folded.ts';
import { TestProcess } from '../support/processes.ts';
import { Waggle } from '../support/waggle.ts';
import { freshFolder, workload } from '../support/workloads.ts';

const area = 'crowds';
const folder = freshFolder();
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** On a host that is as busy as ten others. */
const MAX_SECONDS = 95;

/** @param scale of the long form against the short one. */
const counts = {
  processes: IS_LONG ? 20_000 : 1000,
  threads: IS_LONG ? 5000 : 1000,
  mappings: 5000,
  names: IS_LONG ? 6000 : 1000,
};

async function crowd(kind: keyof typeof counts): Promise<TestProcess> {
  const process = new TestProcess([workload('crowd'), kind, String(counts[kind])]);
  await eventually(`${kind}`, () => process.stdout.startsWith('ready'), 60_000);
  return process;
}

for (const kind of ['processes', 'threads', 'mappings'] as const)
  faultRow(
    {
      area,
      what: `record -p, record -a and trace beside ${counts[kind].toLocaleString('en')} ${kind} of one program`,
      holds: 'they start and end in time, and name the function that runs',
      times: [1, 3],
    },
    async () => {
      await using many = await crowd(kind);
      for (const target of [['-p', String(many.pid)], ['-a']]) {
        const out = join(folder, 'out.folded');
        const { code, stderr } = await Waggle.run([
          ...['record', '-F', '499', '-d', '1', '-o', out, ...target],
        ]);
        expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(/, 0 lost/) });
        expect(await Bun.file(out).text()).toContain('crowd;_start;');
      }
      const traced = await Waggle.run(['trace', '--json', '--duration', '0.5']);
      expect(traced.code).toBe(0);
      many.endInput();
      expect(await many.ended()).toBe(0);
    },
  );

faultRow(
  {
    area,
    what: `record --group-by thread beside ${counts.names.toLocaleString('en')} threads that change their names all the time`,
    holds: 'it ends in time and in bounded memory, and has the threads and what they run',
    times: [1, 3],
  },
  async () => {
    await using many = await crowd('names');
    const recorder = new BoundedRecorder(folder);
    for (const more of [[], ['--off-cpu']]) {
      const options = ['--group-by', 'thread', ...more];
      expectBounded(await recorder.recorded([many.pid], ...options), MAX_SECONDS);
      const stacks = parseFolded(await Bun.file(recorder.output).text());
      const named = stacks.filter(({ frames }) => / of \d+ \(\d+\)$/.test(frames[1] ?? ''));
      expect(samples(named)).toBeGreaterThan(0);
      expect(named.some(({ frames }) => frames.includes('change_names'))).toBe(true);
    }
    many.endInput();
    expect(await many.ended()).toBe(0);
  },
);

const pids = cgroupMount('pids') ?? cgroupMount('v2');
const memory = cgroupMount('memory') ?? cgroupMount('v2');

/** A limit of a cgroup by its name in v2 or v1; whether there is such a thing. */
function limit(path: string, value: string, ...names: string[]): boolean {
  for (const name of names) {
    const file = join(path, name);
    if (!existsSync(file)) continue;
    writeFileSync(file, value);
    return true;
  }
  return false;
}

const inGroup = (path: string) => ['sh', '-c', 'echo $$ >"$0/cgroup.procs" && exec "$@"', path];

describe('a cgroup with a limit', () => {
  faultRow(
    {
      area,
      what: 'forks without end in a cgroup with pids.max, traced from outside',
      holds: 'every fork has its exit or is counted as lost, and the trace ends in time',
      times: [1, 10],
    },
    async () => {
      await using group = newCgroup(pids ?? '', 'waggle-faults-pids');
      if (!limit(group.path, '300', 'pids.max')) return;
      await using waggle = await Waggle.trace(['--events', 'fork,exit', '--comm', '^crowd$']);
      const storm = [...inGroup(group.path), workload('crowd'), 'forks', '400'];
      expect(Bun.spawnSync(storm).exitCode).toBe(0);
      await eventually('the storm to end', () => {
        const file = Bun.spawnSync(['cat', join(group.path, 'cgroup.procs')]);
        return file.stdout.toString().trim() === '';
      });
      const { code, events, stderr } = await waggle.stop();
      expect(code).toBe(0);
      const lost = Number(/ (\d+) lost/.exec(stderr)?.[1]);
      const forks = events.filter(({ event }) => event === 'fork').length;
      const exits = events.filter(({ event }) => event === 'exit').length;
      expect(forks).toBeGreaterThan(100);
      // The first one was forked by somebody else.
      expect(Math.abs(exits - forks)).toBeLessThanOrEqual(1 + lost);
    },
  );

  faultRow(
    {
      area,
      what: 'record and trace within a cgroup whose pids.max leaves 1 to 20 tasks',
      holds:
        'they work, or end in time without a stack trace; nothing of theirs is left in the kernel',
      times: [1, 5],
    },
    async () => {
      await using group = newCgroup(pids ?? '', 'waggle-faults-few');
      for (let tasks = 1; tasks <= 20; tasks += IS_LONG ? 1 : 6) {
        if (!limit(group.path, String(tasks), 'pids.max')) return;
        for (const args of [
          ['record', '-o', join(folder, 'few.folded'), '--', 'true'],
          ['trace', '--', 'true'],
        ]) {
          const result = await Waggle.run(args, { prefix: inGroup(group.path) });
          expect(result.stderr).not.toMatch(/^ {4}at |internal error/m);
        }
      }
    },
  );

  faultRow(
    {
      area,
      what: 'record within a cgroup with 40 to 200 MB of memory',
      holds:
        'it works, says so, or the kernel ends it; nothing of ours is left in the kernel, files are whole',
      times: [1, 5],
      // A round is nine recordings, some of which the kernel makes read their own program again.
      ...(IS_LONG ? { timeoutMs: 1_800_000 } : {}),
    },
    async () => {
      await using group = newCgroup(memory ?? '', 'waggle-faults-memory');
      for (let megabytes = 40; megabytes <= 200; megabytes += IS_LONG ? 20 : 80) {
        const bytes = String(megabytes * 1024 * 1024);
        if (!limit(group.path, bytes, 'memory.max', 'memory.limit_in_bytes')) return;
        const out = join(folder, `memory-${megabytes}.folded`);
        await using waggle = new Waggle(['record', '-F', '999', '-a', '-d', '0.5', '-o', out], {
          prefix: inGroup(group.path),
        });
        const { code, signal, stderr } = await waggle.result();
        const isKilled = signal === 'SIGKILL' || code === 137;
        const isSaid = code === 1 && /memory/.test(stderr);
        expect({ code, stderr, held: code === 0 || isKilled || isSaid }).toMatchObject({
          held: true,
        });
        // The kernel may end it at its very end.
        if (code === 0 || existsSync(out)) expect(await Bun.file(out).text()).toMatch(/\n$/);
      }
    },
  );
});

faultRow(
  {
    area,
    what: 'eight of waggle record and trace at once, on two CPUs',
    holds: 'each works as if it were alone',
    times: [1, 5],
  },
  async () => {
    const results = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        Waggle.run(
          index % 2 === 0
            ? ['record', '-o', join(folder, `at-once-${index}.folded`), '--', 'sh', '-c', 'exit 3']
            : ['trace', '--json', '--', 'sh', '-c', 'exit 3'],
        ),
      ),
    );
    expect(results.map(({ code }) => code)).toEqual(new Array(8).fill(3));
  },
);
