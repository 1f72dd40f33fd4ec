/** Sequences that the property tests once found to break a promise, shrunk, each with its story. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProcessMetadataCache } from '../src/index.ts';
import { MemoryProcfs } from '../src/testing.ts';

function fixture(capacity = 10) {
  const procfs = new MemoryProcfs();
  return { procfs, cache: new ProcessMetadataCache({ capacity, procfs, logger: null }) };
}

test('an exec record that comes a cycle after its exit does not bring the process back', () => {
  // The record was given a grace of its own, so that the dead process was found again by pid.
  const { cache } = fixture();
  const identity = { pid: 3, startTime: 1001 };
  cache.markExited(identity);
  cache.evictPendingExits();
  assert.equal(cache.seed({ ...identity, comm: 'late' }), undefined);
  assert.equal(cache.get(3), undefined);
  assert.equal(cache.isEmpty, true);
});

test('two processes of one pid and one clock tick do not share cwd, cgroup and namespaces', () => {
  // A new image at the same start time was taken for an exec, and the fields that survive an exec
  // were carried over from the other process.
  const { procfs, cache } = fixture();
  procfs.spawn(2, { ppid: 100, cgroup: '/a', cwd: '/a', namespaces: { mnt: 1 } });
  const old = cache.getOrLoad(2);
  assert.equal(old?.cgroup, '/a');
  procfs.reap(2);
  procfs.spawn(2, { ppid: 200, cgroup: '/b', cwd: '/b', namespaces: { mnt: 2 } });
  const fresh = cache.getOrLoad(2);
  assert.deepEqual([fresh?.ppid, fresh?.cgroup, fresh?.nsMnt], [200, '/b', 2]);
  assert.deepEqual([old?.ppid, old?.cwd, old?.nsMnt], [100, undefined, undefined]);
});

test('an image whose successor was evicted is not found by pid', () => {
  // With the newer slot gone, the older one came to the head of its pid.
  const { procfs, cache } = fixture();
  procfs.spawn(2, { comm: 'a' });
  cache.seed({ pid: 2, startTime: 1000, execId: 1, comm: 'a' });
  cache.seed({ pid: 2, startTime: 1000, execId: 2, comm: 'b' });
  cache.remove({ pid: 2, startTime: 1000, execId: 2 });
  assert.equal(cache.peek(2), undefined);
  assert.equal(cache.seed({ pid: 2, startTime: 1000, execId: 3, comm: 'c' })?.comm, 'c');
  assert.equal(cache.peek(2)?.comm, 'c');
});

test('a process in the middle of an exec: nothing is taken from its half-made image', () => {
  // Found with real processes: the entry took the fingerprint of the unfinished image for its own, and
  // after the exec none of its fields could be read any more.
  const { procfs, cache } = fixture();
  procfs.spawn(2, { comm: 'sh', cmdline: ['sh'] });
  const sh = cache.getOrLoad(2);
  procfs.spawn(3, { comm: 'sh' });
  procfs.beginExec(2);
  procfs.beginExec(3);
  assert.equal(cache.getOrLoad(2), sh);
  assert.equal(sh?.cmdline, undefined);
  const fresh = cache.getOrLoad(3);
  assert.equal(fresh?.comm, undefined);

  for (const pid of [2, 3]) procfs.exec(pid, { comm: 'ls', cmdline: ['ls'] });
  assert.deepEqual([fresh?.comm, fresh?.cmdline], ['ls', ['ls']]);
  assert.equal(cache.getOrLoad(3), fresh);
  assert.equal(sh?.cmdline, undefined);
  assert.deepEqual(cache.getOrLoad(2)?.cmdline, ['ls']);
});
