/** An exit only marks: the entry answers until the next cycle, and never for another process. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProcessMetadataCache } from '../src/index.ts';
import { MemoryProcfs, TestClock } from '../src/testing.ts';

function fixture(capacity = 10) {
  const procfs = new MemoryProcfs();
  return { procfs, cache: new ProcessMetadataCache({ capacity, procfs, logger: null }) };
}

test('an exited process answers by pid and by identity until evictPendingExits', () => {
  const { procfs, cache } = fixture();
  const identity = procfs.spawn(7, { comm: 'make', cmdline: ['make', 'all'] });
  assert.deepEqual(cache.getOrLoad(7)?.cmdline, ['make', 'all']);
  procfs.reap(7);
  assert.equal(cache.markExited(identity), true);

  for (const found of [cache.get(7), cache.getOrLoad(7), cache.peek(7)]) {
    assert.deepEqual(found?.cmdline, ['make', 'all']);
    assert.notEqual(found?.exitedAt, undefined);
  }
  assert.equal(cache.getByIdentity(identity)?.comm, 'make');

  assert.equal(cache.evictPendingExits(), 1);
  assert.equal(cache.get(7), undefined);
  assert.equal(cache.getByIdentity(identity), undefined);
  assert.equal(cache.isEmpty, true);
});

test('what an exited process has used is in its entry, and in no other', () => {
  const { procfs, cache } = fixture();
  const identity = procfs.spawn(7, { comm: 'make' });
  procfs.spawn(8, { comm: 'cc' });
  cache.getOrLoad(8);
  assert.equal(cache.getOrLoad(7)?.usage, undefined);
  const usage = {
    ...{ userNs: 2n ** 60n, systemNs: 5n, maxRssBytes: 4096n, majorFaults: 1 },
    ...{ readBytes: null, writeBytes: 512n, voluntarySwitches: 2, involuntarySwitches: 3 },
  };
  cache.markExited(identity, usage);
  // Whoever marks it once more and knows less changes nothing.
  cache.markExited(identity);
  assert.deepEqual(cache.get(7)?.usage, usage);
  assert.deepEqual(JSON.parse(JSON.stringify(cache.get(7))).usage, {
    ...{ ...usage, userNs: '1152921504606846976', systemNs: '5' },
    ...{ maxRssBytes: '4096', writeBytes: '512' },
  });
  assert.equal(cache.get(8)?.usage, undefined);
});

test('a pid reused in the grace: the new process is found by pid, the old by identity', () => {
  const { procfs, cache } = fixture();
  const old = procfs.spawn(7, { comm: 'old' });
  cache.getOrLoad(7);
  procfs.reap(7);
  cache.markExited(old);
  procfs.tick();
  const fresh = procfs.spawn(7, { comm: 'new' });

  assert.equal(cache.getOrLoad(7)?.comm, 'new');
  assert.equal(cache.getByIdentity(old)?.comm, 'old');
  assert.equal(cache.size, 2);
  assert.equal(cache.evictPendingExits(), 1);
  assert.equal(cache.getByIdentity(old), undefined);
  assert.equal(cache.getByIdentity(fresh)?.comm, 'new');
  assert.equal(cache.peek(7)?.comm, 'new');
});

test('get does not hand out the graced entry of a pid that has a new owner', () => {
  const { procfs, cache } = fixture();
  const old = procfs.spawn(7, { comm: 'old' });
  cache.getOrLoad(7);
  procfs.reap(7);
  cache.markExited(old);
  procfs.tick();
  procfs.spawn(7, { comm: 'new' });

  assert.equal(cache.get(7), undefined);
  assert.equal(cache.peek(7), undefined);
  assert.equal(cache.getByIdentity(old)?.comm, 'old');
});

test('when the new owner of a pid is removed, the old one does not come back for the pid', () => {
  const { procfs, cache } = fixture();
  const old = procfs.spawn(7, { comm: 'old' });
  cache.getOrLoad(7);
  procfs.reap(7);
  cache.markExited(old);
  procfs.tick();
  const fresh = procfs.spawn(7, { comm: 'new' });
  cache.getOrLoad(7);
  cache.remove(fresh);
  procfs.reap(7);

  assert.equal(cache.peek(7), undefined);
  assert.equal(cache.get(7), undefined);
  assert.equal(cache.getByIdentity(old)?.comm, 'old');
});

test('a zombie is gone: it is not loaded, and not kept', () => {
  const { procfs, cache } = fixture();
  procfs.spawn(7);
  procfs.exit(7);
  assert.equal(cache.getOrLoad(7), undefined);

  procfs.spawn(8);
  cache.getOrLoad(8);
  procfs.exit(8);
  assert.equal(cache.get(8), undefined);
  assert.equal(cache.isEmpty, true);
});

test('an exec record that comes after its exit leaves at the end of the cycle', () => {
  const { cache } = fixture();
  cache.markExited({ pid: 7, startTime: 1000 });
  const entry = cache.seed({ pid: 7, startTime: 1000, comm: 'late', argv: ['late'] });
  assert.equal(entry?.comm, 'late');
  assert.notEqual(entry?.exitedAt, undefined);
  assert.equal(cache.get(7)?.comm, 'late');
  cache.evictPendingExits();
  assert.equal(cache.isEmpty, true);
});

test('cycles that overlap: only what was marked before a moment leaves', () => {
  const procfs = new MemoryProcfs();
  const clock = new TestClock(1000);
  const cache = new ProcessMetadataCache({ capacity: 10, procfs, clock, logger: null });
  const identities = [1, 2, 3].map((pid) => {
    const identity = procfs.spawn(pid, { comm: `p${pid}` });
    cache.getOrLoad(pid);
    procfs.reap(pid);
    cache.markExited(identity);
    clock.advance(10);
    return identity;
  });
  assert.equal(cache.evictPendingExits(1020), 2);
  assert.deepEqual(
    identities.map((identity) => cache.getByIdentity(identity)?.comm),
    [undefined, undefined, 'p3'],
  );
  assert.equal(cache.evictPendingExits(), 1);
});
