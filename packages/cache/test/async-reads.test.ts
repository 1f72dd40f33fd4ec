/** Off-thread reads: shared between callers, and thrown away when the process has changed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProcessMetadataCache } from '../src/index.ts';
import { MemoryProcfs } from '../src/testing.ts';

function fixture(policy: 'lru' | 'reject' = 'lru') {
  const procfs = new MemoryProcfs();
  const cache = new ProcessMetadataCache({ capacity: 1, policy, procfs, logger: null });
  const count = (file: string): number => procfs.reads.filter((read) => read.file === file).length;
  return { procfs, cache, count };
}

for (const policy of ['lru', 'reject'] as const) {
  test(`concurrent reads of one pid share one read (${policy})`, async () => {
    const { procfs, cache, count } = fixture(policy);
    procfs.spawn(1);
    cache.getOrLoad(1);
    procfs.spawn(7, { cmdline: ['x'], environ: { A: '1' } });
    const open = procfs.pauseAsync();
    const calls = [
      cache.getOrLoadAsync(7),
      cache.getOrLoadAsync(7, ['environ']),
      cache.getOrLoadAsync(7),
    ];
    open();
    const entries = await Promise.all(calls);
    assert.equal(new Set(entries).size, 1);
    assert.equal(entries[0]?.environVar('A'), '1');
    for (const file of ['environ', 'cmdline', 'exe', 'cwd']) assert.equal(count(file), 1, file);
  });
}

test('the pid is reused while the read waits: nothing of the new owner is kept', async () => {
  const { procfs, cache } = fixture();
  procfs.spawn(7, { environ: { A: 'old' } });
  const open = procfs.pauseAsync();
  const call = cache.getOrLoadAsync(7);
  procfs.reap(7);
  procfs.tick();
  procfs.spawn(7, { environ: { A: 'new' } });
  open();
  const entry = await call;
  assert.equal(entry?.environ, undefined);
  assert.equal((await cache.getOrLoadAsync(7))?.environVar('A'), 'new');
});

test('nobody there: undefined', async () => {
  assert.equal(await fixture().cache.getOrLoadAsync(7), undefined);
});

test('a synchronous ask does not wait for the one off-thread', async () => {
  const { procfs, cache } = fixture();
  procfs.spawn(7, { cmdline: ['x'] });
  const open = procfs.pauseAsync();
  const call = cache.getOrLoadAsync(7, ['cmdline']);
  assert.deepEqual(cache.getOrLoad(7)?.cmdline, ['x']);
  open();
  assert.deepEqual((await call)?.cmdline, ['x']);
});
