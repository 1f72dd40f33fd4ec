// Records of execs that failed, made by the real kernel: which calls give one, what it says, and
// that each is either delivered or counted.

import { describe, expect } from 'bun:test';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FAILED_EXECS, LIFECYCLE, objectPath, recordHeader, type Source } from '@waggle/bpf';
import { openNative } from '@waggle/ffi';
import { KnownCgroups } from '../packages/events/src/fields/known-cgroups.ts';
import { EventContext } from '../packages/events/src/kinds/event-base.ts';
import { decodeEvent } from '../packages/events/src/kinds/event-decoder.ts';
import type { FailedExecEvent } from '../packages/events/src/kinds/failed-exec-event.ts';
import {
  type KernelFilter,
  KernelSettings,
  LoadedSources,
  openEventRing,
  prepareSource,
  sharedMapEntries,
} from '../packages/kernel/src/index.ts';
import { kernelTest } from './support/kernel-test.ts';
import { freshFolder, workload } from './support/workloads.ts';

const ENOENT = 2;
const EINVAL = 22;
const HAS_TASK_WORK = readFileSync('/proc/kallsyms', 'latin1').includes(
  ' bpf_task_work_schedule_resume_impl\n',
);
const MISSING = '/nonexistent/prográm';

const context = new EventContext(new KnownCgroups(() => false));

interface Traced {
  readonly records: readonly FailedExecEvent[];
  readonly pid: number;
  readonly exitCode: number | null;
  readonly signal: unknown;
  readonly counts: ReturnType<KernelSettings['readCounts']>;
  readonly method: string;
}

interface TraceOptions {
  readonly without?: readonly string[];
  /** Of the programs of failed execs. */
  readonly object?: Uint8Array;
  readonly sources?: readonly Source[];
  readonly ringBytes?: number;
}

/** What a run of exec_fails gives, of that process alone. */
async function trace(
  words: readonly string[],
  options: TraceOptions = {},
  filter: Partial<KernelFilter> = {},
): Promise<Traced> {
  const native = await openNative();
  using sources = new LoadedSources(native, {
    sharedMapEntries: sharedMapEntries({ ringBytes: options.ringBytes ?? 1 << 20 }),
    withoutMethods: options.without,
  });
  // The first keeps the tracked set.
  for (const source of options.sources ?? [LIFECYCLE, FAILED_EXECS]) {
    const prepared = await prepareSource(source);
    const { object = prepared.object } = source === FAILED_EXECS ? options : {};
    sources.load({ source, object });
  }
  using ring = openEventRing(native, sources);
  const settings = new KernelSettings(sources);
  settings.setFilter({ events: ['failed-exec'], processes: true, cgroups: false, ...filter });
  settings.track(process.pid, 'active');
  settings.setLifecycleTracking(true);
  const run = Bun.spawn([workload('exec_fails'), ...words], { stderr: 'ignore' });
  await run.exited;
  const counts = settings.readCounts();
  const records: FailedExecEvent[] = [];
  ring.drain((memory, offset) => {
    const type = memory.view.getUint16(offset + recordHeader.offset.type, true);
    const event = decodeEvent(type, memory, offset, context);
    if (event?.event === 'failed-exec' && event.pid === run.pid) records.push(event);
  });
  const outcome = sources.report['failed-exec'];
  return {
    records,
    pid: run.pid,
    exitCode: run.exitCode,
    signal: run.signalCode,
    counts,
    method: outcome?.state === 'attached' ? outcome.method : 'absent',
  };
}

describe('a failed exec', () => {
  for (const [method, without] of [
    ['tp_btf', []],
    ['raw_tp', ['tp_btf']],
  ] as const)
    kernelTest(`has its errno, name, arguments and process, by ${method}`, async () => {
      const traced = await trace(['plain', MISSING], { without });
      expect(traced.method).toBe(method);
      expect(traced.exitCode).toBe(ENOENT);
      expect(traced.records).toHaveLength(1);
      expect(traced.records[0]).toMatchObject({
        event: 'failed-exec',
        pid: traced.pid,
        tid: traced.pid,
        ppid: process.pid,
        comm: 'exec_fails',
        error: 'ENOENT',
        filename: MISSING,
        argv: ['name', '', 'two words'],
        argvTruncated: false,
        uid: process.getuid?.(),
        gid: process.getgid?.(),
      });
    });

  kernelTest('by execveat is one too', async () => {
    const { records } = await trace(['at', 'not-here']);
    expect(records).toMatchObject([{ error: 'ENOENT', filename: 'not-here', argv: ['name'] }]);
  });

  kernelTest('of a file that is there says why not', async () => {
    const text = join(freshFolder(), 'text');
    writeFileSync(text, 'neither a program nor a script\n', { mode: 0o644 });
    expect((await trace(['plain', text])).records).toMatchObject([{ error: 'EACCES' }]);
    chmodSync(text, 0o755);
    expect((await trace(['plain', text])).records).toMatchObject([{ error: 'ENOEXEC' }]);
  });

  kernelTest('that seccomp denied is named, though nobody has read its path', async () => {
    const [record] = (await trace(['denied'])).records;
    expect(record).toMatchObject({ error: 'EPERM', pid: expect.any(Number) });
    // The page is brought in for it since 6.18.
    if (!HAS_TASK_WORK) return;
    expect(record).toMatchObject({
      filename: '/bin/true',
      argv: ['true', 'one'],
      argvTruncated: false,
    });
  });

  kernelTest(
    'is there on kernels that have a function of ours under another signature',
    async () => {
      const ours = Buffer.from('bpf_preempt_disable\0');
      const other = Buffer.from('bpf_cgroup_ancestor\0');
      const object = Buffer.from(readFileSync(objectPath('failed_execs')));
      for (let at = object.indexOf(ours); at >= 0; at = object.indexOf(ours))
        other.copy(object, at);
      const { records } = await trace(['plain', MISSING], { object });
      expect(records).toMatchObject([{ error: 'ENOENT', filename: MISSING }]);
      const [denied] = (await trace(['denied'], { object })).records;
      expect(denied).toMatchObject({ error: 'EPERM', filename: null, argvTruncated: true });
    },
  );

  kernelTest('with addresses that nothing is at keeps what can be read', async () => {
    expect((await trace(['no-argv', MISSING])).records).toMatchObject([
      { filename: MISSING, argv: [], argvTruncated: false },
    ]);
    expect((await trace(['bad-path'])).records).toMatchObject([
      { error: 'EFAULT', filename: null, argv: ['name'], argvTruncated: false },
    ]);
    expect((await trace(['bad-arg', MISSING])).records).toMatchObject([
      { filename: MISSING, argv: ['name'], argvTruncated: true },
    ]);
  });

  kernelTest('has arguments up to the bounds, and says when they were cut', async () => {
    const numbers = Array.from({ length: 32 }, (_, index) => String(index));
    const argvOf = async (how: string) => (await trace([how, MISSING])).records;
    expect(await argvOf('full')).toMatchObject([{ argv: numbers, argvTruncated: false }]);
    expect(await argvOf('many')).toMatchObject([{ argv: numbers, argvTruncated: true }]);
    const [a, b] = ['a'.repeat(255), 'b'.repeat(255)];
    expect(await argvOf('fits')).toMatchObject([{ argv: [a], argvTruncated: false }]);
    expect(await argvOf('long')).toMatchObject([{ argv: [a, b], argvTruncated: true }]);
  });
});

describe('no record is made', () => {
  kernelTest('of other calls that fail, 32-bit ones with the same number included', async () => {
    const { records, counts, signal } = await trace(['other']);
    expect(signal === null || signal === 'SIGSEGV').toBe(true);
    expect(records).toEqual([]);
    for (const kept of [counts.dropped, counts.filtered, counts.rateLimited])
      expect(kept['failed-exec']).toBe(0);
  });

  kernelTest('of a question whether an exec would be allowed (AT_EXECVE_CHECK)', async () => {
    for (const path of ['/bin/true', MISSING]) {
      const { records, exitCode } = await trace(['check', path]);
      expect(records).toEqual([]);
      // Kernels before 6.14 do not know the flag.
      expect([path === MISSING ? ENOENT : 0, EINVAL]).toContain(exitCode ?? -1);
    }
  });

  kernelTest('unless the hook was asked for', async () => {
    const { records, method } = await trace(['plain', MISSING], { sources: [LIFECYCLE] });
    expect(method).toBe('absent');
    expect(records).toEqual([]);
  });
});

describe('every failed exec is delivered or counted', () => {
  kernelTest('where the ring is too small', async () => {
    const { records, counts } = await trace(['storm', MISSING], { ringBytes: 4096 });
    expect(counts.dropped['failed-exec']).toBeGreaterThan(0);
    expect(records.length + counts.dropped['failed-exec']).toBe(1000);
    expect(counts.made).toBe(1000);
  });

  kernelTest('where a rate limit holds some back, without touching exits', async () => {
    const { records, counts } = await trace(
      ['storm', MISSING],
      {},
      { events: ['failed-exec', 'exit'], rateLimit: { perSecond: 10, burst: 5 } },
    );
    expect(records.length).toBeGreaterThanOrEqual(5);
    expect(counts.rateLimited['failed-exec']).toBeGreaterThan(0);
    expect(records.length + counts.rateLimited['failed-exec']).toBe(1000);
    expect(counts.rateLimited.exit).toBe(0);
  });

  kernelTest('where the filter does not want the process', async () => {
    const { records, counts } = await trace(['plain', MISSING], { sources: [FAILED_EXECS] });
    // Without the fork handler nobody followed the child into the tracked set.
    expect(records).toEqual([]);
    expect(counts.filtered['failed-exec']).toBeGreaterThanOrEqual(1);
  });
});
