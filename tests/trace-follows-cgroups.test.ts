// `waggle trace --cgroup`: everything that runs in these cgroups or below is there, and nothing else, also
// where a cgroup is removed and made again.

import { describe, expect } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cgroupMount, newCgroup } from './support/cgroups.ts';
import { execIds, execsOf, isExit } from './support/events.ts';
import { kernelTest, optionalKernelTest } from './support/kernel-test.ts';
import { run } from './support/processes.ts';
import { Waggle } from './support/waggle.ts';
import { freshFolder, workload } from './support/workloads.ts';

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
      expect(execIds(execs)).toEqual([0, 251]);
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
    expect(execIds(execsOf(events, workload('exit_with')))).toEqual([0, 251]);
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
    expect(execIds(execsOf(events, workload('exit_with')))).toEqual([753]);
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
    expect(execIds(execsOf(events, workload('exit_with')))).toEqual([7, 7, 7, 251]);
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
