// What each filter of `waggle trace` lets through, and what not: everything wanted is there, and
// nothing else, while unrelated programs run beside it.

import { describe, expect } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cgroupMount, newCgroup } from './support/cgroups.ts';
import { eventually } from './support/deadline.ts';
import {
  execsOf,
  idOf,
  isExec,
  isExit,
  isFailedExec,
  isFork,
  isLimited,
  summaryOf,
  type TraceEvent,
} from './support/events.ts';
import { kernelTest, optionalKernelTest } from './support/kernel-test.ts';
import { isAlive, run, TestProcess } from './support/processes.ts';
import { Waggle } from './support/waggle.ts';
import { copyOfWorkload, freshFolder, workload } from './support/workloads.ts';

/** A process with a child and a grandchild; `act()` makes each of them run a program. */
class Family implements AsyncDisposable {
  private constructor(
    private readonly process: TestProcess,
    readonly parent: number,
    readonly child: number,
    readonly grandchild: number,
  ) {}

  static async start(): Promise<Family> {
    const process = new TestProcess([workload('family'), workload('exit_with')]);
    const line = await eventually('the family', () => /^(\d+) (\d+) (\d+)\n/.exec(process.stdout));
    const [, parent, child, grandchild] = line;
    return new Family(process, Number(parent), Number(child), Number(grandchild));
  }

  async act(): Promise<void> {
    const before = this.process.stdout.length;
    this.process.writeLine('go');
    await eventually('the family to act', () => this.process.stdout.includes('done', before));
  }

  async end(): Promise<void> {
    this.process.endInput();
    expect(await this.process.ended()).toBe(0);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.process[Symbol.asyncDispose]();
  }
}

const ids = (events: readonly TraceEvent[]): number[] =>
  events
    .filter(isExec)
    .map(idOf)
    .sort((a, b) => a - b);

async function unrelated(): Promise<void> {
  await run(workload('storm'), '20', '900', workload('exit_with'));
}

describe('trace -p', () => {
  kernelTest('follows a process, its children and grandchildren, old and new', async () => {
    await using family = await Family.start();
    await using waggle = await Waggle.trace(['-p', String(family.parent)]);
    await unrelated();
    await family.act();
    await unrelated();
    await family.end();
    const { events, stderr } = await waggle.stop();
    expect(ids(events)).toEqual([1, 2, 3, 4]);
    const members = [family.parent, family.child, family.grandchild];
    const exits = events.filter(isExit);
    for (const pid of members) expect(exits.filter((event) => event.pid === pid).length).toBe(1);
    // The three, the four programs, and the parent's new child, which never called execve.
    expect(exits.length).toBe(8);
    expect(exits.every(({ filename }) => filename !== null)).toBe(true);
    expect(summaryOf(stderr).suppressed).toBeGreaterThanOrEqual(80);
  });

  kernelTest('misses nobody who is born while it attaches', async () => {
    for (let round = 0; round < 2; round++) {
      await using brood = new TestProcess([workload('brood')]);
      await eventually('the first', () => brood.stdout.includes('growing'));
      await using waggle = await Waggle.trace(['-p', String(brood.pid), '--events', 'exit']);
      brood.writeLine('enough');
      const [, count] = await eventually('the number', () => /^(\d+)$/m.exec(brood.stdout));
      brood.writeLine('end');
      expect(await brood.ended()).toBe(0);
      const { events } = await waggle.stop();
      expect(events.filter(isExit).length).toBe(Number(count));
    }
  });

  kernelTest('of a child leaves its parent and siblings out', async () => {
    await using family = await Family.start();
    await using waggle = await Waggle.trace(['-p', String(family.child)]);
    await family.act();
    const { events } = await waggle.stop();
    expect(ids(events)).toEqual([2, 3]);
  });

  kernelTest('takes several processes, apart or with commas', async () => {
    await using one = await Family.start();
    await using two = await Family.start();
    await using three = await Family.start();
    const pids = ['-p', `${one.grandchild},${two.grandchild}`, String(three.child)];
    await using waggle = await Waggle.trace(pids);
    await Promise.all([one.act(), two.act(), three.act()]);
    const { events } = await waggle.stop();
    expect(ids(events)).toEqual([2, 3, 3, 3]);
  });

  kernelTest('says who forked whom', async () => {
    await using family = await Family.start();
    const args = ['-p', String(family.parent), '--events', 'fork,exec'];
    await using waggle = await Waggle.trace(args);
    await family.act();
    const { events } = await waggle.stop();
    const forks = events.filter(isFork);
    const parentOf = new Map(forks.map((fork) => [fork.childPid, fork]));
    const execs = events.filter(isExec);
    expect(forks.length).toBe(5);
    expect(execs.length).toBe(4);
    for (const exec of execs) {
      expect(parentOf.get(exec.pid)?.pid).toBe(exec.ppid);
      expect(parentOf.get(exec.pid)?.childStartTime).toBe(exec.startTime);
    }
    const expected = { 1: family.parent, 2: family.child, 3: family.grandchild };
    for (const [id, pid] of Object.entries(expected))
      expect(execs.find((exec) => idOf(exec) === Number(id))?.ppid).toBe(pid);
    const newChild = execs.find((exec) => idOf(exec) === 4)?.ppid ?? 0;
    expect(parentOf.get(newChild)?.pid).toBe(family.parent);
  });
});

describe('trace --events', () => {
  for (const [list, expected] of [
    ['fork', ['fork']],
    ['exec', ['exec']],
    ['exit', ['exit']],
    ['exit,fork', ['exit', 'fork']],
    ['fork,exec,exit', ['exec', 'exit', 'fork']],
  ] as const)
    kernelTest(`${list} gives these and no others`, async () => {
      const command = ['--', workload('storm'), '5', '0', workload('exit_with')];
      const args = ['trace', '--json', '--events', list, ...command];
      const { events } = await Waggle.run(args);
      expect([...new Set(events.map(({ event }) => event))].sort()).toEqual([...expected]);
      const made = { fork: 5, exec: 6, exit: 6 };
      expect(events.length).toBe(expected.reduce((sum, event) => sum + made[event], 0));
    });
});

describe('trace --uid', () => {
  kernelTest('gives the processes of this user only', async () => {
    const asUser = (uid: number, id: number) =>
      run('setpriv', `--reuid=${uid}`, '--clear-groups', workload('exit_with'), `--id=${id}`);
    await using waggle = await Waggle.trace(['--uid', '65533']);
    await Promise.all([asUser(65533, 0), asUser(65532, 251), asUser(0, 502)]);
    const { events } = await waggle.stop();
    expect(ids(events)).toEqual([0]);
    expect(execsOf(events, workload('exit_with'))[0]?.uid).toBe(65533);
    expect(events.filter(isExit).map(({ uid }) => uid)).toEqual([65533]);
  });

  kernelTest('gives their forks too', async () => {
    const asUser = (uid: number) =>
      run('setpriv', `--reuid=${uid}`, '--clear-groups', 'sh', '-c', '(exit 0); (exit 0); exit 0');
    await using waggle = await Waggle.trace(['--uid', '65533', '--events', 'fork']);
    await Promise.all([asUser(65533), asUser(65532)]);
    const { events, stderr } = await waggle.stop();
    expect(events.filter(isFork).map(({ uid }) => uid)).toEqual([65533, 65533]);
    expect(summaryOf(stderr).events).toBe(2);
  });
});

describe('trace --comm', () => {
  kernelTest('matches the name of the process by a regular expression', async () => {
    const folder = freshFolder();
    const paths = ['tst-alpha', 'tst-beta', 'tst-gamma'].map((name) => join(folder, name));
    for (const path of paths) copyOfWorkload('exit_with', path);
    await using waggle = await Waggle.trace(['--comm', '^tst-(alpha|gamma)$']);
    for (const path of paths) await run(path);
    const { events } = await waggle.stop();
    expect(events.filter(isExec).map(({ comm }) => comm)).toEqual(['tst-alpha', 'tst-gamma']);
    expect(events.filter(isExit).map(({ comm }) => comm)).toEqual(['tst-alpha', 'tst-gamma']);
  });
});

describe('trace --comm', () => {
  kernelTest('also matches the whole of a name that the kernel cuts', async () => {
    const folder = freshFolder();
    const program = copyOfWorkload('exit_with', join(folder, 'a-name-of-more-than-15-bytes'));
    copyOfWorkload('exit_with', join(folder, 'a-name-of-more-than-16-bytes'));
    const args = ['--comm', '^a-name-of-more-than-15-bytes$'];
    await using waggle = await Waggle.trace(args);
    await run(join(folder, 'a-name-of-more-than-16-bytes'));
    await run(program);
    const { events, stderr } = await waggle.stop();
    const kinds = new Set(events.map(({ event }) => event));
    expect(kinds.has('exec') && kinds.has('exit')).toBe(true);
    expect(execsOf(events, program).length).toBe(1);
    expect(events.filter(isExec).length).toBe(1);
    expect(summaryOf(stderr).events).toBe(events.length);
  });
});

describe('trace --failed', () => {
  const script = [
    `${workload('exit_with')} --id=0`,
    `${workload('exit_with')} --id=3`,
    `${workload('die_by')} 15`,
    `${workload('exec_fails')} plain /nonexistent/program || :`,
    'true',
  ].join('; ');

  kernelTest('gives what ended with an error or by a signal or did not start', async () => {
    const args = ['trace', '--json', '--failed', '--', 'sh', '-c', script];
    const { events, stderr } = await Waggle.run(args);
    const exits = events.filter(isExit);
    expect(exits.map(({ exitCode, signal }) => [exitCode, signal])).toEqual([
      [3, null],
      [0, 'SIGTERM'],
      [2, null],
    ]);
    expect(exits[0]?.argv).toEqual([workload('exit_with'), '--id=3']);
    const failed = events.filter(isFailedExec);
    expect(failed).toMatchObject([
      { error: 'ENOENT', filename: '/nonexistent/program', argvTruncated: false },
    ]);
    expect(events.length).toBe(4);
    expect(summaryOf(stderr).events).toBe(4);
    expect(summaryOf(stderr).suppressed).toBeGreaterThan(0);
  });

  kernelTest('shows the arguments of each in the table', async () => {
    const { stdout } = await Waggle.run(['trace', '--failed', '--', 'sh', '-c', script]);
    const rows = stdout.trimEnd().split('\n').slice(1);
    expect(rows.length).toBe(4);
    expect(rows[0]).toEndWith(`: ${workload('exit_with')} --id=3`);
    expect(rows[1]).toEndWith(`: ${workload('die_by')} 15`);
    expect(rows[2]).toEndWith(`ENOENT /nonexistent/program: name '' 'two words'`);
    expect(rows[3]).toEndWith(`: ${workload('exec_fails')} plain /nonexistent/program`);
  });

  kernelTest('of events that cannot fail is a mistake', async () => {
    const { code, stderr } = await Waggle.run(['trace', '--failed', '--events', 'exec,fork']);
    expect(code).toBe(2);
    expect(stderr).toContain('--events');
  });
});

describe('trace --environ', () => {
  kernelTest('without --json is a mistake', async () => {
    const { code, stderr } = await Waggle.run(['trace', '--environ', '--', 'true']);
    expect(code).toBe(2);
    expect(stderr).toContain('--json');
  });
});

describe('trace --rate-limit', () => {
  kernelTest('says how many events it kept back, exits of limited processes too', async () => {
    const command = ['--', workload('storm'), '200', '0', workload('exit_with')];
    const { events, stderr } = await Waggle.run([
      'trace',
      '--json',
      '--rate-limit',
      '20',
      ...command,
    ]);
    const shown = events.filter((event) => isExec(event) || isExit(event)).length;
    const limited = events.filter(isLimited).reduce((sum, { count }) => sum + count, 0);
    expect(limited).toBeGreaterThan(0);
    expect(shown + limited).toBe(2 * 201);
    expect(stderr).toContain(`${shown} events, 0 lost`);
    expect(stderr).toContain(`, ${limited} limited`);
  });
});

describe('trace --cgroup', () => {
  const mount = cgroupMount('v2');
  const missing = mount === undefined ? 'no cgroup v2 is mounted' : undefined;

  optionalKernelTest(
    'gives what runs in the cgroup or below, and nothing else',
    missing,
    async () => {
      await using wanted = newCgroup(mount ?? '', `waggle-test-${process.pid}-wanted`);
      await using below = newCgroup(wanted.path, 'below');
      await using other = newCgroup(mount ?? '', `waggle-test-${process.pid}-other`);
      const program = workload('exit_with');
      await using waggle = await Waggle.trace(['--cgroup', wanted.path]);
      await wanted.run(program, '--id=0', 'in');
      await below.run(program, '--id=251');
      await other.run(program, '--id=502');
      await run(program, '--id=753');
      const { events } = await waggle.stop();
      const execs = execsOf(events, program);
      expect(ids(execs)).toEqual([0, 251]);
      const inode = (path: string) =>
        Bun.file(path)
          .stat()
          .then(({ ino }) => String(ino));
      expect(execs.map(({ cgroupId }) => cgroupId)).toEqual([
        await inode(wanted.path),
        await inode(below.path),
      ]);
      expect(events.filter(isExit).length).toBe(2);
    },
  );

  optionalKernelTest('takes several cgroups', missing, async () => {
    await using one = newCgroup(mount ?? '', `waggle-test-${process.pid}-one`);
    await using two = newCgroup(mount ?? '', `waggle-test-${process.pid}-two`);
    await using waggle = await Waggle.trace(['--cgroup', one.path, '--cgroup', two.path]);
    await one.run(workload('exit_with'), '--id=0');
    await two.run(workload('exit_with'), '--id=251');
    await run(workload('exit_with'), '--id=502');
    const { events } = await waggle.stop();
    expect(ids(execsOf(events, workload('exit_with')))).toEqual([0, 251]);
  });

  // One level: the cgroup alone; three: those above it, too.
  for (const levels of [1, 3])
    optionalKernelTest(
      `misses nobody where the last ${levels} of its directories are made again`,
      missing,
      async () => {
        const times = 50;
        const name = `waggle-test-${process.pid}-again-${levels}`;
        await using restarted = newCgroup(mount ?? '', name, 'above', 'service');
        await using waggle = await Waggle.trace(['--cgroup', `${restarted.path}/`]);
        const program = workload('exit_with');
        const rounds = [restarted.path, `${levels}`, `${times}`];
        await run(workload('restarts'), ...rounds, program, '--id=7');
        const { events, stderr } = await waggle.stop();
        const execs = execsOf(events, program);
        expect(execs.map(({ argv }) => argv[2])).toEqual(
          Array.from({ length: times }, (_, round) => `${round}`),
        );
        expect(events.filter(isExit).length).toBe(times);
        expect(stderr.split(`${name}/above/service/ was removed`).length - 1).toBe(times);
        expect(stderr.split(`${name}/above/service/ was made again`).length - 1).toBe(times);
      },
    );

  optionalKernelTest('does not follow others that are made beside it', missing, async () => {
    const name = `waggle-test-${process.pid}-beside`;
    await using wanted = newCgroup(mount ?? '', name, 'wanted');
    await using waggle = await Waggle.trace(['--cgroup', wanted.path]);
    {
      // The same name elsewhere, and another one at the same place.
      await using elsewhere = newCgroup(mount ?? '', name, 'other', 'wanted');
      await using beside = newCgroup(mount ?? '', name, 'wanted2');
      await elsewhere.run(workload('exit_with'), '--id=251');
      await beside.run(workload('exit_with'), '--id=502');
    }
    await wanted.run(workload('exit_with'), '--id=753');
    const { events } = await waggle.stop();
    expect(ids(execsOf(events, workload('exit_with')))).toEqual([753]);
  });

  optionalKernelTest('follows one inside another', missing, async () => {
    const name = `waggle-test-${process.pid}-nested`;
    await using inner = newCgroup(mount ?? '', name, 'outer', 'inner');
    const outer = join(inner.path, '..');
    await using waggle = await Waggle.trace(['--cgroup', inner.path, '--cgroup', outer]);
    await run(workload('restarts'), inner.path, '2', '3', workload('exit_with'), '--id=7');
    await using lower = newCgroup(inner.path, 'lower');
    await lower.run(workload('exit_with'), '--id=251');
    const { events } = await waggle.stop();
    expect(ids(execsOf(events, workload('exit_with')))).toEqual([7, 7, 7, 251]);
  });

  kernelTest('says what is wrong with a path that is no cgroup', async () => {
    const folder = freshFolder();
    writeFileSync(join(folder, 'file'), '');
    for (const path of [folder, join(folder, 'file'), join(folder, 'missing')]) {
      const { code, stderr } = await Waggle.run(['trace', '--cgroup', path]);
      expect(code).toBe(1);
      expect(stderr).toContain(path);
      expect(stderr).toContain('cgroup');
      expect(stderr).not.toMatch(/^\s+at /m);
    }
  });
});

describe('trace -- COMMAND', () => {
  kernelTest('gives its descendants only, and ends when it ends', async () => {
    await using beside = new TestProcess([
      workload('storm'),
      '1000000',
      '0',
      workload('exit_with'),
    ]);
    const program = workload('exit_with');
    const script = `${program} --id=7; ${program} --id=8; exit 0`;
    const result = await Waggle.run(['trace', '--json', '--', 'sh', '-c', script]);
    expect(isAlive(beside.pid)).toBe(true);
    expect(result.code).toBe(0);
    expect(ids(execsOf(result.events, program))).toEqual([7, 8]);
    const execs = result.events.filter(isExec);
    expect(execs.length).toBe(3);
    expect(execs[0]?.argv).toEqual(['sh', '-c', script]);
    expect(execs[0]?.ppid).not.toBe(beside.pid);
    expect(result.events.filter(isExit).length).toBe(3);
  });

  kernelTest('keeps its standard output apart from the trace', async () => {
    const script = 'echo said on stdout; echo said on stderr >&2';
    const result = await Waggle.run(['trace', '--json', '--', 'sh', '-c', script]);
    expect(result.events.length).toBe(2);
    expect(result.stdout).not.toMatch(/^said on/m);
    expect(result.stderr).toContain('said on stdout\n');
    expect(result.stderr).toContain('said on stderr\n');
  });

  kernelTest('hands its own options to the command', async () => {
    const args = ['trace', '--json', '--', workload('exit_with'), '--json', '-p', '--help'];
    const { events, code } = await Waggle.run(args);
    expect(code).toBe(0);
    expect(events.find(isExec)?.argv).toEqual(args.slice(3));
  });
});

describe('trace --duration', () => {
  kernelTest('ends after that time, with everything until then', async () => {
    await using waggle = await Waggle.trace(['--duration', '0.7']);
    const started = performance.now();
    await run(workload('exit_with'), '--id=0');
    const { events, code, stderr } = await waggle.result();
    const took = performance.now() - started;
    expect(code).toBe(0);
    expect(took).toBeGreaterThan(400);
    expect(execsOf(events, workload('exit_with')).length).toBe(1);
    expect(summaryOf(stderr).lost).toBe(0);
  });

  kernelTest('of a command ends before it does, and does not leave it running', async () => {
    const waggle = await Waggle.trace(['--duration', '0.3', '--', 'sleep', '1000']);
    await using _cleanUp = waggle;
    const exec = await waggle.event((event) => isExec(event) && event.filename.endsWith('sleep'));
    expect(isExec(exec)).toBe(true);
    const { code } = await waggle.result();
    // By SIGTERM, and its code is ours.
    expect(code).toBe(143);
    await eventually('sleep to end', () => isExec(exec) && !isAlive(exec.pid));
  });
});
