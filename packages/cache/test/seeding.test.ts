/** Kernel records: trusted without a look at /proc, ordered by generation, completed from /proc. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIdentity, ProcessMetadataCache } from '../src/index.ts';
import { MemoryProcfs } from '../src/testing.ts';

function fixture() {
  const procfs = new MemoryProcfs();
  return { procfs, cache: new ProcessMetadataCache({ capacity: 10, procfs, logger: null }) };
}

test('a process that is gone before it can be read has what the kernel sent', () => {
  const { procfs, cache } = fixture();
  const identity = { pid: 7, startTime: 1000 };
  cache.seed({
    pid: 7,
    startBoottimeNs: 10_003_000_000n,
    execId: 2,
    comm: 'tiny',
    filename: './tiny',
    argv: ['tiny', '-x'],
    ppid: 1,
    uid: 5,
    gid: 6,
    nsMnt: 1,
    nsPid: 2,
    containerId: 'c0ffee',
  });
  assert.equal(procfs.reads.length, 0);
  cache.markExited(identity);
  const entry = cache.get(7);
  assert.deepEqual(
    [entry?.comm, entry?.filename, entry?.cmdline, entry?.ppid, entry?.uid, entry?.gid],
    ['tiny', './tiny', ['tiny', '-x'], 1, 5, 6],
  );
  assert.deepEqual([entry?.nsMnt, entry?.nsPid, entry?.containerId], [1, 2, 'c0ffee']);
  assert.equal(entry?.startTime, 1000);
  assert.equal(entry?.environ, undefined);
  assert.equal(formatIdentity(entry.identity), '7:1000:2');
});

test('fields that the record lacks are read from /proc', () => {
  const { procfs, cache } = fixture();
  procfs.spawn(7, { comm: 'sh', exe: '/bin/sh', environ: { A: '1' } });
  cache.seed({ pid: 7, startTime: 1000, comm: 'sh', argv: ['sh'] });
  assert.deepEqual([cache.get(7)?.exe, cache.get(7)?.environVar('A')], ['/bin/sh', '1']);
});

test('a truncated argv is completed while the process lives, and kept if it does not', () => {
  const { procfs, cache } = fixture();
  procfs.spawn(7, { cmdline: ['cc', 'a.c', 'b.c'] });
  for (const pid of [7, 8]) {
    cache.seed({ pid, startTime: 1000, argv: ['cc', 'a.'], argvTruncated: true });
  }
  const [living, dead] = [cache.peek(7), cache.peek(8)];
  assert.deepEqual([living?.cmdline, living?.cmdlineTruncated], [['cc', 'a.c', 'b.c'], false]);
  assert.deepEqual([dead?.cmdline, dead?.cmdlineTruncated], [['cc', 'a.'], true]);
});

test('the image before an exec stays reachable by its generation until the cycle ends', () => {
  const { cache } = fixture();
  const id = { pid: 7, startTime: 1000 };
  cache.seed({ ...id, execId: 1, comm: 'sh', cwd: '/srv' });
  cache.seed({ ...id, execId: 2, comm: 'ls' });
  assert.equal(cache.peek(7)?.comm, 'ls');
  assert.equal(cache.peek(7)?.cwd, '/srv');
  assert.equal(cache.getByIdentity(id)?.comm, 'ls');
  assert.equal(cache.getByIdentity({ ...id, execId: 1 })?.comm, 'sh');
  assert.equal(cache.getByIdentity({ ...id, execId: 3 }), undefined);
  cache.evictPendingExits();
  assert.equal(cache.getByIdentity({ ...id, execId: 1 }), undefined);
  assert.equal(cache.size, 1);
});

test('records out of order: the newer image wins', () => {
  const { cache } = fixture();
  const id = { pid: 7, startTime: 1000 };
  cache.seed({ ...id, execId: 2, comm: 'ls' });
  assert.equal(cache.seed({ ...id, execId: 1, comm: 'sh' }), undefined);
  assert.equal(cache.peek(7)?.comm, 'ls');
});

test('a record of an earlier owner of the pid is found by identity, and only for a cycle', () => {
  const { procfs, cache } = fixture();
  procfs.tick(5);
  procfs.spawn(7, { comm: 'new' });
  cache.getOrLoad(7);
  cache.seed({ pid: 7, startTime: 1000, comm: 'old' });
  assert.equal(cache.peek(7)?.comm, 'new');
  assert.equal(cache.getByIdentity({ pid: 7, startTime: 1000 })?.comm, 'old');
  assert.equal(cache.evictPendingExits(), 1);
  assert.equal(cache.peek(7)?.comm, 'new');
});

test('a late record is not completed with data of the next image, if it has its fingerprint', () => {
  const { procfs, cache } = fixture();
  procfs.spawn(7, { comm: 'sh', exe: '/bin/sh' });
  const layoutFingerprint = procfs.layoutFingerprintOf(7);
  procfs.exec(7, { comm: 'ls', exe: '/bin/ls' });
  const late = cache.seed({ pid: 7, startTime: 1000, execId: 1, layoutFingerprint, comm: 'sh' });
  assert.equal(late?.exe, undefined);
  assert.equal(cache.getOrLoad(7)?.exe, '/bin/ls');
});

test('two processes of one tick are told apart by nanoseconds', () => {
  const { cache } = fixture();
  const first = { pid: 7, startTime: 1000, startBoottimeNs: 10_001_000_000n };
  cache.seed({ pid: 7, startBoottimeNs: first.startBoottimeNs, comm: 'first' });
  cache.markExited(first);
  cache.seed({ pid: 7, startBoottimeNs: 10_005_000_000n, comm: 'second' });
  assert.equal(cache.getByIdentity(first)?.comm, 'first');
  assert.equal(cache.peek(7)?.comm, 'second');
  assert.equal(cache.peek(7)?.exitedAt, undefined);
});

test('a record without a pid or a start time is refused', () => {
  const { cache } = fixture();
  assert.throws(() => cache.seed({ pid: 0, startTime: 1 }), RangeError);
  assert.throws(() => cache.seed({ pid: 7 } as never), TypeError);
});

test('an image that a record replaced reads nothing of the next, even where marks are hidden', () => {
  const { procfs, cache } = fixture();
  procfs.spawn(7, { comm: 'sh', exe: '/bin/sh', imageHidden: true });
  const id = { pid: 7, startTime: 1000 };
  const sh = cache.seed({ ...id, execId: 1, comm: 'sh' });
  procfs.exec(7, { comm: 'ls', exe: '/bin/ls' });
  cache.seed({ ...id, execId: 2, comm: 'ls' });
  assert.equal(sh?.exe, undefined);
  assert.equal(cache.peek(7)?.exe, '/bin/ls');
});

test('an environment that the kernel sent answers for a process that is gone, and prints no value', () => {
  const { procfs, cache } = fixture();
  const environ = ['TOKEN=hunter2', 'EMPTY=', 'TOKEN=second', 'no-value'];
  cache.seed({ pid: 7, startTime: 1000, execId: 2, environ });
  cache.markExited({ pid: 7, startTime: 1000 });
  assert.equal(cache.environVar(7, 'TOKEN'), 'hunter2');
  assert.equal(cache.environVar(7, 'EMPTY'), '');
  assert.equal(cache.get(7)?.environTruncated, false);
  assert.ok(!procfs.reads.some((read) => JSON.stringify(read).includes('environ')));
  assert.ok(!JSON.stringify(cache.get(7)).includes('hunter2'));
});

test('one that was cut is asked of /proc, and an exec without one forgets it', () => {
  const { procfs, cache } = fixture();
  procfs.spawn(7, { comm: 'sh', environ: { WHOLE: '1' } });
  cache.seed({ pid: 7, startTime: 1000, execId: 2, environ: ['CUT=a'], environTruncated: true });
  assert.equal(cache.environVar(7, 'CUT'), undefined);
  assert.equal(cache.environVar(7, 'WHOLE'), '1');
  cache.seed({ pid: 7, startTime: 1000, execId: 3, environ: ['A=1'] });
  assert.equal(cache.environVar(7, 'A'), '1');
  cache.seed({ pid: 7, startTime: 1000, execId: 4 });
  assert.equal(cache.environVar(7, 'A'), undefined);
  assert.throws(() => cache.seed({ pid: 7, startTime: 1000, environ: 'A=1' } as never), {
    code: 'ERR_INVALID_ARG_TYPE',
  });
});
