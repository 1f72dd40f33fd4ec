/**
 * Two processes with one pid and one start time: the clock of /proc has ticks of 10 ms, and a pid
 * can be given again within one. Nothing of the one may be answered for the other.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProcessMetadataCache } from '../src/index.ts';
import { MemoryProcfs } from '../src/testing.ts';

function fixture() {
  const procfs = new MemoryProcfs();
  return { procfs, cache: new ProcessMetadataCache({ capacity: 10, procfs, logger: null }) };
}

for (const imageHidden of [false, true]) {
  const how = imageHidden ? ', where layouts are hidden' : '';

  test(`a process read in the tick of its birth is not its successor in that tick${how}`, () => {
    const { procfs, cache } = fixture();
    procfs.spawn(7, { comm: 'first', cwd: '/first', imageHidden });
    const first = cache.getOrLoad(7);
    procfs.reap(7);
    procfs.spawn(7, { comm: 'second', cwd: '/second', imageHidden });
    procfs.tick(100);
    assert.equal(first?.cwd, undefined);
    assert.equal(first?.missing('cwd'), 'gone');
    assert.equal(cache.get(7), undefined);
    assert.deepEqual([cache.getOrLoad(7)?.comm, cache.getOrLoad(7)?.cwd], ['second', '/second']);
  });

  test(`it is dropped when its successor is found by prune${how}`, () => {
    const { procfs, cache } = fixture();
    procfs.spawn(7, { imageHidden });
    cache.getOrLoad(7);
    procfs.reap(7);
    procfs.spawn(7, { imageHidden });
    assert.equal(cache.prune(), 1);
    assert.equal(cache.stats().evictions.reuse, 1);
  });
}

test('a late record of the first does not take over what was read of the second', () => {
  const { procfs, cache } = fixture();
  procfs.spawn(7, { comm: 'first', cwd: '/first', environ: { OF: 'first' } });
  const late = procfs.execRecordOf(7);
  procfs.reap(7);
  procfs.spawn(7, { comm: 'second', cwd: '/second', cgroup: '/second', ppid: 2 });
  cache.getOrLoad(7)?.load();
  const { cwd: _cwd, cgroup: _cgroup, ppid: _ppid, ...brief } = late;
  // With its fingerprint and without: a tracer need not know it.
  for (const layoutFingerprint of [late.layoutFingerprint, undefined]) {
    const first = cache.seed({ ...brief, layoutFingerprint } as typeof late);
    assert.equal(first?.comm, 'first');
    for (const field of ['cwd', 'cgroup', 'ppid', 'environ'] as const) {
      assert.equal(first?.[field], undefined, field);
    }
    const found = cache.getOrLoad(7)?.load();
    assert.deepEqual([found?.comm, found?.cwd, found?.cgroup], ['second', '/second', '/second']);
  }
});

test('nor when the second was only read after it', () => {
  const { procfs, cache } = fixture();
  procfs.spawn(7, { comm: 'first' });
  const { layoutFingerprint, ...first } = procfs.execRecordOf(7);
  procfs.reap(7);
  procfs.spawn(7, { comm: 'second', environ: { OF: 'second' } });
  const seeded = cache.seed({ ...first, layoutFingerprint } as ReturnType<
    typeof procfs.execRecordOf
  >);
  assert.equal(seeded?.environ, undefined);
  assert.equal(cache.getOrLoad(7)?.comm, 'second');
});

test('an exec after the start walk is completed from /proc, and carries nothing over unproven', () => {
  const { procfs, cache } = fixture();
  procfs.spawn(7, { comm: 'sh', cwd: '/a', ppid: 3 });
  procfs.tick(100);
  cache.getOrLoad(7)?.load();
  procfs.exec(7, { comm: 'ls', cwd: '/b' });
  const { cwd: _cwd, layoutFingerprint: _mark, ...brief } = procfs.execRecordOf(7);
  const entry = cache.seed(brief as ReturnType<typeof procfs.execRecordOf>);
  assert.deepEqual([entry?.comm, entry?.cwd], ['ls', '/b']);
  assert.equal(cache.getOrLoad(7), entry);
});
