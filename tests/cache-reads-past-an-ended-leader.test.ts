// A process whose leader has ended and whose other threads go on is as much a process as any:
// /proc/PID shows the leader, and what the process is now stands below /proc/PID/task.

import { expect } from 'bun:test';
import { readFileSync } from 'node:fs';
import {
  containerIdFromCgroup,
  ProcessMetadataCache,
  parseCgroup,
  RealProcfs,
} from '@waggle/cache';
import { kernelTest } from './support/kernel-test.ts';
import { statFields } from './support/processes.ts';
import { workload } from './support/workloads.ts';

kernelTest('every field of a process whose leader has ended', async () => {
  const program = workload('leader_ends');
  const argv = [program, '1234'];
  const child = Bun.spawn(argv, { stdout: 'pipe', env: { MARK: 'here' }, cwd: '/usr' });
  try {
    const { pid } = child;
    await child.stdout.getReader().read();
    while (statFields(pid)?.[3] !== 'Z') await Bun.sleep(1);
    const entry = new ProcessMetadataCache({ capacity: 10 }).getOrLoad(pid)?.load();
    // Of this process, which it was born in.
    const ours = readFileSync('/proc/self/cgroup', 'utf8');
    expect(entry?.cgroup).toBe(parseCgroup(ours)?.path);
    expect(entry?.containerId).toBe(containerIdFromCgroup(ours));
    expect(entry?.uid).toBe(1234);
    expect(entry?.exe).toBe(program);
    expect(entry?.cwd).toBe('/usr');
    expect(entry?.cmdline).toEqual(argv);
    expect(entry?.environVar('MARK')).toBe('here');
    expect(entry?.nsMnt).toBeGreaterThan(0);
  } finally {
    child.kill('SIGKILL');
    await child.exited;
  }
});

kernelTest('an image is told apart by the threads where the leader has ended', async () => {
  const child = Bun.spawn([workload('leader_ends')], { stdout: 'pipe' });
  try {
    await child.stdout.getReader().read();
    while (statFields(child.pid)?.[3] !== 'Z') await Bun.sleep(1);
    const cache = new ProcessMetadataCache({ capacity: 10 });
    const entry = cache.getOrLoad(child.pid);
    expect(cache.getOrLoad(child.pid)).toBe(entry!);
    expect(new RealProcfs().probe(child.pid).layoutFingerprint).toBeGreaterThan(0);
  } finally {
    child.kill('SIGKILL');
    await child.exited;
  }
});
