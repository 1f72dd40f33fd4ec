/** Whatever happens around a read, an answer is about the process and image that was asked for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProcessMetadataCache } from '../src/index.ts';
import { MemoryProcfs, type ProcfsFile } from '../src/testing.ts';

function fixture() {
  const procfs = new MemoryProcfs();
  return { procfs, cache: new ProcessMetadataCache({ capacity: 10, procfs, logger: null }) };
}

/** Runs `event` once, just before the first read of `file`. */
function before(procfs: MemoryProcfs, file: ProcfsFile, event: () => void): void {
  procfs.onRead = (read) => {
    if (read.file !== file) return;
    procfs.onRead = undefined;
    event();
  };
}

function replace(procfs: MemoryProcfs, pid: number): void {
  procfs.reap(pid);
  procfs.tick();
  procfs.spawn(pid, { comm: 'thief', cmdline: ['thief'], environ: { TOKEN: 'of the thief' } });
}

test('a reused pid is a new entry, and the old one reads nothing more', () => {
  const { procfs, cache } = fixture();
  procfs.spawn(7, { comm: 'old', cmdline: ['old'] });
  const old = cache.getOrLoad(7);
  replace(procfs, 7);

  const fresh = cache.getOrLoad(7);
  assert.equal(fresh?.comm, 'thief');
  assert.equal(old?.comm, 'old');
  assert.equal(old?.cmdline, undefined);
  assert.equal(old?.missing('cmdline'), 'gone');
  assert.equal(cache.stats().reuseDetected, 1);
});

for (const file of ['cmdline', 'environ', 'exe', 'cwd', 'cgroup', 'status', 'ns'] as const) {
  test(`a pid reused just before ${file} is read: nothing of the new owner is kept`, () => {
    const { procfs, cache } = fixture();
    procfs.spawn(7, { comm: 'old' });
    const entry = cache.getOrLoad(7);
    before(procfs, file, () => replace(procfs, 7));
    entry?.load();
    for (const field of ['cmdline', 'environ', 'exe', 'cwd', 'cgroup', 'uid', 'nsMnt'] as const) {
      assert.equal(entry?.[field], undefined, field);
    }
    assert.equal(entry?.comm, 'old');
  });
}

test('a process that ends while it is read gives undefined, not half of its fields', () => {
  const { procfs, cache } = fixture();
  procfs.spawn(7, { cmdline: ['a'] });
  const entry = cache.getOrLoad(7);
  before(procfs, 'environ', () => procfs.exit(7));
  entry?.load();
  assert.equal(entry?.cmdline, undefined);
});

test('the files of a stranger are not even opened', () => {
  const { procfs, cache } = fixture();
  procfs.spawn(7);
  const entry = cache.getOrLoad(7);
  replace(procfs, 7);
  const reads = procfs.reads.length;
  entry?.load();
  assert.deepEqual(
    procfs.reads.slice(reads).map(({ file }) => file),
    ['stat'],
  );
});

test('an exec is noticed without being announced', () => {
  const { procfs, cache } = fixture();
  procfs.spawn(7, { comm: 'sh', cmdline: ['sh', '-c', 'ls'] });
  const sh = cache.getOrLoad(7);
  assert.equal(sh?.cmdline?.length, 3);
  procfs.exec(7, { comm: 'ls', cmdline: ['ls'] });

  assert.deepEqual(cache.getOrLoad(7)?.cmdline, ['ls']);
  assert.equal(sh?.cmdline?.length, 3);
  assert.equal(sh?.environ, undefined);
  assert.equal(cache.stats().execDetected, 1);
});

test('an exec just before a field is read: the old image does not get the new value', () => {
  const { procfs, cache } = fixture();
  procfs.spawn(7, { comm: 'sh', cmdline: ['sh'] });
  const sh = cache.getOrLoad(7);
  before(procfs, 'cmdline', () => procfs.exec(7, { comm: 'ls', cmdline: ['ls'] }));
  assert.equal(sh?.cmdline, undefined);
  assert.deepEqual(cache.getOrLoad(7)?.cmdline, ['ls']);
});

test('a pid reused within one clock tick shares nothing with its old owner', () => {
  const { procfs, cache } = fixture();
  procfs.spawn(7, { comm: 'old', cwd: '/old' });
  const old = cache.getOrLoad(7);
  assert.equal(old?.cwd, '/old');
  procfs.reap(7);
  procfs.spawn(7, { comm: 'new', cwd: '/new' });
  assert.equal(cache.getOrLoad(7)?.cwd, '/new');
  assert.equal(old?.nsMnt, undefined);
});

test('invalidate drops what exec changes and keeps the rest', () => {
  const { procfs, cache } = fixture();
  const identity = procfs.spawn(7, { comm: 'sh', cwd: '/srv', uid: 5 });
  assert.equal(cache.getOrLoad(7)?.load().cwd, '/srv');
  procfs.exec(7, { comm: 'ls', exe: '/bin/ls', cwd: '/elsewhere', uid: 6 });
  assert.equal(cache.invalidate(7, 4), true);

  const entry = cache.get(7);
  assert.deepEqual([entry?.comm, entry?.exe, entry?.uid], ['ls', '/bin/ls', 6]);
  assert.equal(entry?.cwd, '/srv');
  assert.deepEqual([entry?.startTime, entry?.execId], [identity.startTime, 4]);
  assert.equal(cache.invalidate(8), false);
});

test('a record of an exec that says little: what exec changes is read anew', () => {
  const { procfs, cache } = fixture();
  const before = { comm: 'sh', exe: '/bin/sh', cmdline: ['sh'], environ: { A: '1' }, uid: 5 };
  const { startTime } = procfs.spawn(7, { ...before, cwd: '/srv' });
  cache.seed({ pid: 7, startTime, execId: 1 })?.load();
  const after = { comm: 'ls', exe: '/bin/ls', cmdline: ['ls'], environ: { A: '2' }, uid: 6 };
  procfs.exec(7, { ...after, cwd: '/elsewhere' });
  const entry = cache.seed({ pid: 7, startTime, execId: 2 })?.load();
  assert.deepEqual(
    [entry?.comm, entry?.exe, entry?.cmdline, entry?.environVar('A'), entry?.uid],
    ['ls', '/bin/ls', ['ls'], '2', 6],
  );
  assert.equal(entry?.cwd, '/srv');
});

test('each field is read once, and only when asked for', () => {
  const { procfs, cache } = fixture();
  procfs.spawn(7, { environ: { A: '1' } });
  const entry = cache.getOrLoad(7);
  assert.deepEqual(procfs.reads, [{ pid: 7, file: 'stat' }]);
  assert.equal(entry?.comm, 'a.out');
  assert.equal(procfs.reads.length, 1);
  for (let i = 0; i < 3; i++) assert.equal(cache.get(7)?.environVar('A'), '1');
  assert.equal(procfs.reads.filter(({ file }) => file === 'environ').length, 1);
  assert.equal(procfs.reads.filter(({ file }) => file === 'cmdline').length, 0);
});

test('denied is told from gone and remembered; an I/O error is tried again', () => {
  const { procfs, cache } = fixture();
  procfs.spawn(7, { cmdline: ['x'] });
  procfs.fail(7, 'environ', 'denied');
  procfs.fail(7, 'cmdline', 'io', 1);
  const entry = cache.getOrLoad(7);
  assert.equal(entry?.environ, undefined);
  assert.equal(entry?.missing('environ'), 'denied');
  assert.equal(entry?.cmdline, undefined);
  assert.equal(entry?.missing('cmdline'), undefined);
  assert.deepEqual(entry?.cmdline, ['x']);
});

test('a check that fails for want of permission keeps the entry and answers nothing', () => {
  const { procfs, cache } = fixture();
  procfs.spawn(7);
  cache.getOrLoad(7);
  procfs.fail(7, 'stat', 'denied', 1);
  assert.equal(cache.getOrLoad(7), undefined);
  assert.equal(cache.size, 1);
  assert.equal(cache.getOrLoad(7)?.pid, 7);
  assert.equal(cache.stats().errors, 1);
});
