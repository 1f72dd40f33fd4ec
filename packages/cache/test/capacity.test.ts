/** Never more than asked for, the dead go first, the look for them is bounded, one warning. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CacheOptions, ProcessMetadataCache } from '../src/index.ts';
import { MemoryProcfs, RecordingLogger, TestClock } from '../src/testing.ts';

function fixture(options: Partial<CacheOptions> & { capacity: number }) {
  const procfs = new MemoryProcfs();
  const logger = new RecordingLogger();
  const clock = new TestClock();
  return {
    procfs,
    logger,
    clock,
    cache: new ProcessMetadataCache({ procfs, logger, clock, ...options }),
  };
}

function load(procfs: MemoryProcfs, cache: ProcessMetadataCache, ...pids: number[]): void {
  for (const pid of pids) {
    procfs.spawn(pid);
    assert.equal(cache.getOrLoad(pid)?.pid, pid);
  }
}

test('lru: the least recently used living entry makes room; peek counts as use', () => {
  const { procfs, cache } = fixture({ capacity: 3 });
  load(procfs, cache, 1, 2, 3);
  cache.peek(1);
  cache.get(2);
  load(procfs, cache, 4);
  assert.deepEqual(
    [1, 2, 3, 4].map((pid) => cache.peek(pid)?.pid),
    [1, 2, undefined, 4],
  );
  assert.equal(cache.stats().evictions.capacity, 1);
});

test('reject: a newcomer is handed out and not kept', () => {
  const { procfs, cache } = fixture({ capacity: 2, policy: 'reject' });
  load(procfs, cache, 1, 2, 3);
  assert.deepEqual(
    [1, 2, 3].map((pid) => cache.peek(pid)?.pid),
    [1, 2, undefined],
  );
  assert.equal(cache.stats().rejected, 1);
  assert.equal(cache.seed({ pid: 4, startTime: 1 }), undefined);
});

test('dead entries go before living ones, whatever their use', () => {
  for (const policy of ['lru', 'reject'] as const) {
    const { procfs, cache, logger } = fixture({ capacity: 3, policy });
    load(procfs, cache, 1, 2, 3);
    procfs.reap(3);
    load(procfs, cache, 4);
    assert.deepEqual(
      [1, 2, 3, 4].map((pid) => cache.peek(pid)?.pid),
      [1, 2, undefined, 4],
    );
    assert.equal(cache.stats().evictions.gone, 1);
    assert.deepEqual(logger.warnings, []);
  }
});

test('an entry in its grace makes room before a living one', () => {
  const { procfs, cache } = fixture({ capacity: 2 });
  load(procfs, cache, 1, 2);
  procfs.reap(2);
  cache.markExited({ pid: 2, startTime: 1000 });
  load(procfs, cache, 3);
  assert.deepEqual(
    [1, 2, 3].map((pid) => cache.peek(pid)?.pid),
    [1, undefined, 3],
  );
});

test('a call at capacity reads /proc a bounded number of times, and finds the dead in the end', () => {
  const { procfs, cache, clock } = fixture({ capacity: 1000, pruneProbes: 8 });
  load(procfs, cache, ...Array.from({ length: 1000 }, (_, i) => i + 1));
  for (let pid = 601; pid <= 700; pid++) procfs.reap(pid);

  let most = 0;
  for (let pid = 1001; pid <= 1300; pid++) {
    clock.advance(100);
    const before = procfs.reads.length;
    load(procfs, cache, pid);
    most = Math.max(most, procfs.reads.length - before);
  }
  assert.ok(most <= 1 + 8, `${most} reads in one call`);
  assert.equal(cache.stats().evictions.gone, 100);

  const before = procfs.reads.length;
  for (let pid = 2001; pid <= 2100; pid++) load(procfs, cache, pid);
  assert.ok(procfs.reads.length - before <= 100 + 8, 'a look that found nothing is not repeated');
});

test('one warning each time it fills, not one per miss', () => {
  const { procfs, cache, logger } = fixture({ capacity: 2 });
  load(procfs, cache, 1, 2, 3, 4, 5);
  assert.equal(logger.warnings.length, 1);
  assert.match(logger.warnings[0] ?? '', /full at 2 processes/);
  for (const pid of [1, 2, 3, 4, 5]) procfs.reap(pid);
  cache.prune();
  load(procfs, cache, 11, 12, 13, 14);
  assert.equal(logger.warnings.length, 2);
});

test('resize evicts at once, and a larger capacity makes room', () => {
  const { procfs, cache } = fixture({ capacity: 4 });
  load(procfs, cache, 1, 2, 3, 4);
  cache.resize(2);
  assert.deepEqual(
    [1, 2, 3, 4].map((pid) => cache.peek(pid)?.pid),
    [undefined, undefined, 3, 4],
  );
  cache.resize(3);
  load(procfs, cache, 5);
  assert.equal(cache.size, 3);
});

test('an eviction takes bounded time even if everything was peeked at', () => {
  const { procfs, cache } = fixture({ capacity: 100 });
  load(procfs, cache, ...Array.from({ length: 100 }, (_, i) => i + 1));
  for (let pid = 1; pid <= 100; pid++) cache.peek(pid);
  load(procfs, cache, 101);
  // 64 second chances, then the next in line has to go.
  assert.deepEqual(
    [1, 64, 65, 66].map((pid) => [...cache].some((entry) => entry.pid === pid)),
    [true, true, false, true],
  );
});

test('a capacity must be given and make sense', () => {
  for (const capacity of [0, -1, 1.5, Number.NaN, undefined as never]) {
    assert.throws(() => new ProcessMetadataCache({ capacity }), RangeError);
  }
});

test('resync drops the dead and loads the living, up to capacity', () => {
  const { procfs, cache } = fixture({ capacity: 3 });
  load(procfs, cache, 1, 2);
  procfs.reap(1);
  for (const pid of [5, 6, 7]) procfs.spawn(pid);
  assert.deepEqual(cache.resync(), { dropped: 1, loaded: 2 });
  assert.deepEqual(
    [...cache].map((entry) => entry.pid),
    [2, 5, 6],
  );
});

test('disposed of, it is empty and says so when used', () => {
  const { procfs, cache } = fixture({ capacity: 3 });
  load(procfs, cache, 1);
  cache[Symbol.dispose]();
  cache[Symbol.dispose]();
  assert.equal(cache.isEmpty, true);
  assert.equal(cache.get(1), undefined);
  assert.throws(() => cache.getOrLoad(1), /disposed/);
  assert.throws(() => cache.seed({ pid: 1, startTime: 1 }), /disposed/);
});

test('entries may be removed while iterating', () => {
  const { procfs, cache } = fixture({ capacity: 5 });
  load(procfs, cache, 1, 2, 3, 4);
  const seen: number[] = [];
  for (const entry of cache) {
    seen.push(entry.pid);
    cache.remove(entry.identity);
  }
  assert.deepEqual(seen, [1, 2, 3, 4]);
  assert.equal(cache.isEmpty, true);
});
