/** What JavaScript callers can get wrong is refused in words, with a code, and never kept. */
import assert from 'node:assert/strict';
import process from 'node:process';
import { test } from 'node:test';
import {
  ArgumentTypeError,
  boottimeFromTicks,
  clockTicksFromAuxv,
  containerIdFromCgroup,
  containerIdFromPath,
  ProcessMetadataCache,
  parseCgroup,
  RealProcfs,
  ticksFromBoottime,
} from '../src/index.ts';
import { MemoryProcfs } from '../src/testing.ts';

type Loose = Record<string, (...args: unknown[]) => unknown>;

const SECRET = 'hunter2';

function refused(call: () => unknown, message: RegExp): void {
  assert.throws(call, (error: Error & { code?: string }) => {
    assert.ok(error instanceof TypeError || error instanceof RangeError, String(error));
    assert.match(error.code ?? '', /^ERR_(INVALID_ARG_TYPE|OUT_OF_RANGE)$/);
    assert.match(error.message, message);
    assert.ok(!error.message.includes(SECRET), 'texts are not repeated');
    return true;
  });
}

test('options', () => {
  const make = (options?: unknown) => () => new ProcessMetadataCache(options as never);
  refused(make(), /options/);
  refused(make(null), /options/);
  refused(make(100), /options/);
  refused(make({}), /capacity/);
  for (const capacity of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '100', 100n, null]) {
    refused(make({ capacity }), /capacity/);
  }
  const with_ = (option: object) => make({ capacity: 1, ...option });
  for (const policy of ['fifo', '', 1, null])
    refused(with_({ policy }), /policy.*'lru' or 'reject'/);
  for (const procfs of ['/proc', {}, null]) refused(with_({ procfs }), /procfs/);
  for (const clock of [() => 1, 5, null]) refused(with_({ clock }), /clock/);
  for (const logger of [false, {}, 'console']) refused(with_({ logger }), /logger/);
  for (const pruneProbes of [-1, 0.5, '8', Number.NaN])
    refused(with_({ pruneProbes }), /pruneProbes/);
  assert.doesNotThrow(with_({ logger: null, policy: undefined, clock: Date, pruneProbes: 0 }));
});

test('options of RealProcfs', () => {
  const make = (options: unknown) => () => new RealProcfs(options as never);
  // Taken for no option at all, a path would have the wrong host read.
  for (const options of ['/host/proc', null, 5]) refused(make(options), /the options/);
  for (const limits of [5, '2M', null]) refused(make({ limits }), /limits/);
  for (const root of ['', 5, null]) refused(make({ root }), /root/);
  for (const bytes of [-1, 1.5, '2M', Number.NaN]) {
    refused(make({ limits: { cmdlineBytes: bytes } }), /cmdlineBytes/);
    refused(make({ limits: { environBytes: bytes } }), /environBytes/);
  }
});

const WRONG_PIDS = [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '7', 7n, null, undefined, {}];

test('pids', async () => {
  const procfs = new MemoryProcfs();
  const cache = new ProcessMetadataCache({ capacity: 10, procfs });
  const loose = cache as unknown as Loose;
  const real = new RealProcfs() as unknown as Loose;
  for (const pid of WRONG_PIDS) {
    for (const method of ['get', 'getOrLoad', 'peek', 'invalidate']) {
      refused(() => loose[method]?.(pid), /pid/);
    }
    refused(() => loose.environVar?.(pid, 'PATH'), /pid/);
    await assert.rejects(() => loose.getOrLoadAsync?.(pid) as Promise<unknown>, /pid/);
    for (const method of [
      'stat',
      'probe',
      'status',
      'cmdline',
      'environ',
      'exe',
      'cwd',
      'cgroup',
    ]) {
      refused(() => real[method]?.(pid), /pid/);
    }
  }
  refused(() => real.stat?.('../self'), /pid/);
  refused(() => loose.environVar?.(7, 7), /name of a variable/);
  refused(() => loose.invalidate?.(7, 1.5), /execId/);
  assert.equal(procfs.reads.length, 0);
});

test('identities', () => {
  const cache = new ProcessMetadataCache({ capacity: 10, procfs: new MemoryProcfs() });
  const loose = cache as unknown as Loose;
  for (const method of ['getByIdentity', 'markExited', 'remove', 'seed']) {
    const call = (identity: unknown) => () => loose[method]?.(identity);
    for (const none of [undefined, null, 7, '7:1000']) refused(call(none), /identity/);
    for (const pid of WRONG_PIDS) {
      if (pid !== 0 || method === 'seed') refused(call({ pid, startTime: 1 }), /pid/);
    }
    refused(call({ pid: 7 }), /startBoottimeNs/);
    // Nanoseconds where ticks are wanted would find nobody, silently.
    refused(call({ pid: 7, startTime: 10_000_000_000n }), /startTime.*ticks.*startBoottimeNs/);
    for (const startTime of ['1000', Number.NaN, -1, 1.5, null]) {
      refused(call({ pid: 7, startTime }), /startTime/);
    }
    for (const startBoottimeNs of [10_000_000_000, '10000000000', -1n, null]) {
      refused(call({ pid: 7, startBoottimeNs }), /startBoottimeNs/);
    }
    for (const execId of [1.5, -1, '1', 1n, Number.NaN]) {
      refused(call({ pid: 7, startTime: 1, execId }), /execId/);
    }
  }
});

test('pid 0, which samples of idle CPUs have, is nobody', () => {
  const cache = new ProcessMetadataCache({ capacity: 10, procfs: new MemoryProcfs() });
  const idle = { pid: 0, startBoottimeNs: 0n, execId: 0 };
  assert.equal(cache.getByIdentity(idle), undefined);
  assert.equal(cache.remove(idle), false);
});

test('records, and nothing of a refused one is kept', () => {
  const cache = new ProcessMetadataCache({ capacity: 10, procfs: new MemoryProcfs() });
  const seed = (fields: object) => () => cache.seed({ pid: 7, startTime: 1, ...fields } as never);
  for (const argv of [`ls -p${SECRET}`, ['ls', 5], 5, {}, null]) refused(seed({ argv }), /argv/);
  refused(seed({ argv: [], argvTruncated: 'no' }), /argvTruncated/);
  for (const field of ['comm', 'filename', 'cgroup', 'containerId', 'cwd', 'exe']) {
    refused(seed({ [field]: 5 }), new RegExp(field));
  }
  for (const field of ['layoutFingerprint', 'ppid', 'uid', 'gid', 'nsMnt', 'nsPid']) {
    for (const value of [5n, '5', -1, 0.5, Number.NaN]) {
      refused(seed({ [field]: value }), new RegExp(field));
    }
  }
  assert.equal(cache.size, 0);
});

test('lists of fields', async () => {
  const procfs = new MemoryProcfs();
  procfs.spawn(7, {});
  const cache = new ProcessMetadataCache({ capacity: 10, procfs });
  const entry = cache.getOrLoad(7);
  for (const fields of ['cmdline', 5, {}, null]) {
    refused(() => entry?.load(fields as never), /fields must be an array/);
    await assert.rejects(entry?.loadAsync(fields as never) ?? Promise.resolve(), ArgumentTypeError);
    await assert.rejects(cache.getOrLoadAsync(7, fields as never), ArgumentTypeError);
  }
});

test('what is exported beside the cache', () => {
  const real = new RealProcfs();
  for (const kind of ['bogus', '../environ', 5]) {
    refused(() => real.namespace(process.pid, kind as never), /one of .*mnt/);
  }
  refused(() => ticksFromBoottime(5 as never, 100), /ns must be a bigint/);
  refused(() => ticksFromBoottime('5' as never, 100), /ns must be a bigint/);
  refused(() => boottimeFromTicks(5n as never, 100), /ticks/);
  refused(() => boottimeFromTicks(1.5, 100), /ticks/);
  for (const hertz of [0, 'x', Number.NaN, undefined]) {
    refused(() => ticksFromBoottime(5n, hertz as never), /clockTicksPerSecond/);
  }
  for (const text of [5, null, undefined]) {
    refused(() => parseCgroup(text as never), /cgroup/);
    refused(() => containerIdFromPath(text as never), /cgroup/);
    refused(() => containerIdFromCgroup(text as never), /cgroup/);
    refused(() => clockTicksFromAuxv(text as never), /auxv/);
  }
});

test('the rest', () => {
  const procfs = new MemoryProcfs();
  procfs.spawn(7, { environ: { TOKEN: SECRET } });
  const cache = new ProcessMetadataCache({ capacity: 10, procfs });
  const entry = cache.getOrLoad(7);
  refused(() => entry?.load(['environment' as never]), /one of .*environ/);
  refused(() => entry?.missing('toString' as never), /one of .*environ/);
  for (const moment of ['now', 5n, Number.NaN, null]) {
    refused(() => cache.evictPendingExits(moment as never), /markedBefore/);
  }
  for (const size of [0, '5', 2.5]) refused(() => cache.resize(size as never), /capacity/);
  // Only `true` reveals.
  entry?.load();
  for (const reveal of ['false', 1, {}]) {
    assert.ok(!JSON.stringify(entry?.inspect({ reveal } as never)).includes(SECRET));
  }
});
