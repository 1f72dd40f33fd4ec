/** Without a procfs nobody is known, which is something else than that everybody is gone. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { ProcessMetadataCache, ProcfsError, RealProcfs } from '../src/index.ts';

/** Above the largest pid_max. */
const NOBODY = 2 ** 22 + 1;

function refusal(root: string): (error: unknown) => boolean {
  return (error) =>
    error instanceof ProcfsError &&
    error.code === 'no-procfs' &&
    error.message.startsWith(`${root}: no procfs is mounted there`);
}

test('a wrong root, or nothing mounted there, is said at the first use', async () => {
  const empty = mkdtempSync(join(tmpdir(), 'waggle-no-procfs-'));
  try {
    for (const root of ['/no/such/place', empty, '/', '/dev/null']) {
      const procfs = new RealProcfs({ root });
      const cache = new ProcessMetadataCache({ capacity: 10, procfs, logger: null });
      const is = refusal(root);
      for (const pid of [process.pid, NOBODY]) {
        assert.throws(() => cache.getOrLoad(pid), is);
        await assert.rejects(cache.getOrLoadAsync(pid), is);
        for (const read of [
          'stat',
          'probe',
          'status',
          'cmdline',
          'exe',
          'cwd',
          'cgroup',
        ] as const) {
          assert.throws(() => procfs[read](pid), is, `${root} ${read}`);
        }
        await assert.rejects(procfs.environAsync(pid), is);
      }
      assert.throws(() => procfs.pids(), is);
      assert.throws(() => cache.resync(), is);
      // What a tracer said is there; what it did not say cannot be read.
      const seeded = cache.seed({ pid: 7, startTime: 1, comm: 'sh' });
      assert.equal(seeded?.comm, 'sh');
      assert.throws(() => seeded?.exe, is);
      assert.throws(() => cache.get(7), is);
    }
  } finally {
    rmdirSync(empty);
  }
});

test('where there is one, nobody is gone, the first time and later', () => {
  const procfs = new RealProcfs();
  for (let time = 0; time < 2; time++) {
    assert.throws(
      () => procfs.stat(NOBODY),
      (error: unknown) => error instanceof ProcfsError && error.code === 'gone',
    );
    assert.equal(new ProcessMetadataCache({ capacity: 1, procfs }).getOrLoad(NOBODY), undefined);
    procfs.stat(process.pid);
  }
});
