import { describe, expect, test } from 'bun:test';
import { RealProcfs } from '@waggle/cache';
import { KnownProcesses } from './known-processes.ts';

const entry = (ns: bigint, filename: string) => ({
  start: { ns },
  execId: 1,
  filename,
  argv: [filename],
  containerId: null,
});

describe('an entry answers only for its own process', () => {
  test('a reused pid gets nothing of the former owner, and does not remove it', () => {
    const known = new KnownProcesses(new RealProcfs());
    known.set(7, entry(100n, '/old'));
    expect(known.get(7, 200n)).toBeUndefined();
    expect(known.take(7, 200n)).toBeUndefined();
    expect(known.take(7, 100n)?.filename).toBe('/old');
    expect(known.size).toBe(0);
  });

  test('the exit of a former owner leaves the new one', () => {
    const known = new KnownProcesses(new RealProcfs());
    known.set(7, entry(100n, '/old'));
    known.set(7, entry(200n, '/new'));
    expect(known.take(7, 100n)).toBeUndefined();
    expect(known.get(7, 200n)?.filename).toBe('/new');
  });
});

describe('the walk of /proc', () => {
  test('finds this process by its start time in ticks', () => {
    const procfs = new RealProcfs();
    const known = new KnownProcesses(procfs);
    known.seedFromProcfs();
    const ticks = BigInt(procfs.stat(process.pid).startTimeTicks);
    const perTick = 1_000_000_000n / BigInt(procfs.clockTicksPerSecond);
    expect(known.get(process.pid, ticks * perTick)?.filename).toBe(
      procfs.exe(process.pid)?.path ?? '',
    );
    expect(known.get(process.pid, (ticks + 1n) * perTick)).toBeUndefined();
  });

  test('keeps who is gone for one more round: the exit may still be on its way', () => {
    const known = new KnownProcesses(new RealProcfs());
    const gone = 4_194_303;
    known.set(gone, entry(1n, '/gone'));
    known.seedFromProcfs();
    expect(known.get(gone, 1n)?.filename).toBe('/gone');
    known.seedFromProcfs();
    expect(known.get(gone, 1n)).toBeUndefined();
  });

  test('what an event said is newer and stays', () => {
    const known = new KnownProcesses(new RealProcfs());
    known.set(process.pid, entry(5n, '/by-event'));
    known.seedFromProcfs();
    expect(known.get(process.pid, 5n)?.filename).toBe('/by-event');
  });
});
