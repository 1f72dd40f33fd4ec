/** Whoever asks for one image by its generation gets that image, or nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProcessMetadataCache } from '../src/index.ts';
import { MemoryProcfs } from '../src/testing.ts';

function fixture() {
  const procfs = new MemoryProcfs();
  return { procfs, cache: new ProcessMetadataCache({ capacity: 10, procfs, logger: null }) };
}

/** Generation 2 is seeded, the next exec is not announced, and the third image is read. */
function withUnknownThird() {
  const { procfs, cache } = fixture();
  procfs.spawn(7, { comm: 'one' });
  procfs.exec(7, { comm: 'two' });
  const record = procfs.execRecordOf(7);
  cache.seed(record);
  procfs.exec(7, { comm: 'three' });
  assert.equal(cache.getOrLoad(7)?.comm, 'three');
  const { pid, startBoottimeNs = 0n, execId } = record;
  return { procfs, cache, process: { pid, startBoottimeNs }, execId };
}

test('an entry of unknown generation answers for no generation', () => {
  const { cache, process, execId } = withUnknownThird();
  for (const asked of [1, execId, 3, 4]) {
    assert.equal(cache.getByIdentity({ ...process, execId: asked }), undefined, `${asked}`);
  }
  assert.equal(cache.getByIdentity(process)?.comm, 'three');
});

test('and is not removed for one', () => {
  const { cache, process, execId } = withUnknownThird();
  assert.equal(cache.remove({ ...process, execId }), false);
  assert.equal(cache.peek(7)?.comm, 'three');
  assert.equal(cache.remove(process), true);
  assert.equal(cache.size, 0);
});

test('the exact image is found behind one of unknown generation, and removed alone', () => {
  const { procfs, cache } = fixture();
  procfs.spawn(7, { comm: 'two' });
  const record = procfs.execRecordOf(7);
  const two = { pid: 7, startBoottimeNs: record.startBoottimeNs ?? 0n, execId: record.execId };
  cache.seed(record);
  cache.seed({ ...record, execId: 2, layoutFingerprint: 0, comm: 'three' });
  cache.invalidate(7);
  assert.equal(cache.peek(7)?.execId, undefined);
  assert.equal(cache.getByIdentity(two)?.comm, 'two');
  assert.equal(cache.remove(two), true);
  assert.equal(cache.getByIdentity(two), undefined);
  assert.equal(cache.size, 1);
});

test('a process that was read from /proc is named by its record once that comes', () => {
  const { procfs, cache } = fixture();
  procfs.spawn(7, { comm: 'one' });
  const read = cache.getOrLoad(7);
  cache.seed(procfs.execRecordOf(7));
  assert.equal(
    cache.getByIdentity({ ...procfs.execRecordOf(7), startTime: undefined } as never),
    read,
  );
});

test('resync reads anew what changed its program without a record', () => {
  const { procfs, cache } = fixture();
  procfs.spawn(7, { comm: 'one' });
  cache.getOrLoad(7);
  procfs.exec(7, { comm: 'two' });
  assert.deepEqual(cache.resync(), { dropped: 1, loaded: 1 });
  assert.equal(cache.peek(7)?.comm, 'two');
  assert.equal(cache.stats().execDetected, 1);
});
