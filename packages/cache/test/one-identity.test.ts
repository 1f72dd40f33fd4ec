/**
 * One identity, `{ pid, startBoottimeNs, execId }`, from the kernel's record to every part of the
 * cache that takes one. Clock ticks, the unit of /proc, are accepted too.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type ExecRecord,
  type IdentityQuery,
  ProcessMetadataCache,
  startTicksOf,
  ticksFromBoottime,
} from '../src/index.ts';
import { MemoryProcfs } from '../src/testing.ts';

function fixture() {
  const procfs = new MemoryProcfs();
  return { procfs, cache: new ProcessMetadataCache({ capacity: 10, procfs, logger: null }) };
}

/** What an event or a sample carries. */
const identityOf = ({ pid, startBoottimeNs = 0n, execId }: ExecRecord): IdentityQuery => ({
  pid,
  startBoottimeNs,
  execId,
});

test('an identity of the kernel finds what was seeded, and what was read from /proc', () => {
  const { procfs, cache } = fixture();
  for (const pid of [7, 8]) procfs.spawn(pid, { comm: `c${pid}` });
  cache.seed(procfs.execRecordOf(7));
  assert.equal(cache.getByIdentity(identityOf(procfs.execRecordOf(7)))?.comm, 'c7');
  cache.getOrLoad(8);
  const { pid, startBoottimeNs = 0n } = procfs.execRecordOf(8);
  assert.equal(cache.getByIdentity({ pid, startBoottimeNs })?.comm, 'c8');
});

test('it marks the exit and removes', () => {
  const { procfs, cache } = fixture();
  for (const pid of [7, 8]) {
    procfs.spawn(pid);
    cache.seed(procfs.execRecordOf(pid));
  }
  assert.equal(cache.markExited(identityOf(procfs.execRecordOf(7))), true);
  assert.notEqual(cache.peek(7)?.exitedAt, undefined);
  assert.equal(cache.evictPendingExits(), 1);
  assert.equal(cache.remove(identityOf(procfs.execRecordOf(8))), true);
  assert.equal(cache.size, 0);
});

test('what an entry says of its identity is taken everywhere, seeded or not', () => {
  const { procfs, cache } = fixture();
  for (const pid of [7, 8]) procfs.spawn(pid);
  const seeded = cache.seed(procfs.execRecordOf(7));
  assert.equal(seeded?.startBoottimeNs, procfs.execRecordOf(7).startBoottimeNs);
  const read = cache.getOrLoad(8);
  assert.equal(read?.startBoottimeNs, undefined);
  for (const entry of [seeded, read]) {
    assert.ok(entry !== undefined);
    assert.equal(cache.getByIdentity(entry.identity), entry);
    assert.equal(cache.remove(entry.identity), true);
  }
});

test('nanoseconds become ticks as the kernel makes them', () => {
  const scale = { clockTicksPerSecond: 100 };
  assert.equal(startTicksOf(10_009_999_999n, scale), 1000);
  assert.equal(startTicksOf(10_010_000_000n, scale), 1001);
  for (const hz of [100, 250, 1000]) {
    const ns = 123_456_789_012n;
    assert.equal(ticksFromBoottime(ns, hz), Math.floor(123.456789012 * hz));
  }
});
