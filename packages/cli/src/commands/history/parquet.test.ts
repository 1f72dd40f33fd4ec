import { afterEach, expect, test } from 'bun:test';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HistoryEntry } from '@waggle/store';
import { parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { ParquetFile } from './parquet.ts';

const folder = mkdtempSync(join(tmpdir(), 'waggle-parquet-'));
afterEach(() => {
  for (const name of readdirSync(folder)) rmSync(join(folder, name));
});

const START_NS = 1_796_000_000_123_456_789n;

const processOf = (pid: number): HistoryEntry => ({
  ...{ event: 'process', id: pid, parent: null, pid, ppid: 1, startTime: 2n ** 60n },
  ...{ startNs: START_NS + BigInt(pid), endNs: pid % 2 === 0 ? null : START_NS + 1_000_000n },
  ...{ comm: `näme ${pid % 7}`, argv: ['/bin/x', 'a "b"\n'], filename: '/bin/x', uid: 1000 },
  ...{ containerId: null, cgroup: '/a', execs: 1, exitCode: pid % 256, signal: null },
  ...{
    coreDumped: pid % 2 === 0 ? null : false,
    userNs: 5n,
    systemNs: null,
    maxRssBytes: 1n << 40n,
  },
  ...{ majorFaults: 0, readBytes: 0n, writeBytes: 9n },
});

const failure: HistoryEntry = {
  ...{ event: 'failed-exec', timeNs: START_NS, pid: 9, ppid: null, startTime: 1n, comm: 'sh' },
  ...{ error: 'ENOENT', filename: '/none', argv: null, uid: null, containerId: null },
};

async function written(entries: readonly HistoryEntry[]) {
  const path = join(folder, 'out.parquet');
  const file = new ParquetFile(path);
  for (const entry of entries) file.add(entry);
  file.finish();
  const { buffer } = new Uint8Array(readFileSync(path));
  return {
    metadata: await parquetMetadataAsync(buffer),
    rows: await parquetReadObjects({ file: buffer }),
  };
}

test('has every field of a process and of a failed exec, to the nanosecond', async () => {
  const { rows, metadata } = await written([processOf(3), failure]);
  expect(rows).toMatchObject([
    {
      ...{ event: 'process', pid: 3n, lifetimeNs: 999_997n, startTime: 2n ** 60n, comm: 'näme 3' },
      ...{ argv: '["/bin/x","a \\"b\\"\\n"]', exitCode: 3n, signal: null, coreDumped: false },
      ...{ maxRssBytes: 1n << 40n, systemNs: null, error: null },
    },
    { event: 'failed-exec', pid: 9n, ppid: null, argv: null, error: 'ENOENT', end: null, id: null },
  ]);
  const start = metadata.schema.find(({ name }) => name === 'start');
  expect(start?.logical_type).toMatchObject({ type: 'TIMESTAMP', unit: 'NANOS' });
  expect(readdirSync(folder)).toEqual(['out.parquet']);
});

test('has all rows of many groups, in their order', async () => {
  const count = 50_000;
  const { rows, metadata } = await written(Array.from({ length: count }, (_, at) => processOf(at)));
  expect(metadata.row_groups.length).toBe(3);
  expect(rows.length).toBe(count);
  expect(rows.every(({ pid }, at) => pid === BigInt(at))).toBe(true);
}, 60_000);

test('has long arguments in groups of their own, so that few of them wait', async () => {
  const long = 'a'.repeat(100_000);
  const entries = Array.from({ length: 1000 }, (_, at) => ({
    ...processOf(at),
    argv: [`${at}`, long],
  }));
  const { rows, metadata } = await written(entries);
  expect(metadata.row_groups.length).toBeGreaterThan(10);
  expect(rows.map(({ argv }) => argv)).toEqual(entries.map(({ argv }) => JSON.stringify(argv)));
});

test('has arguments that are no text as JSON has them', async () => {
  const { rows } = await written([{ ...processOf(3), argv: ['\udcff', '\ud83d'] }]);
  expect(rows[0]?.argv).toBe('["\ufffd","\ufffd"]');
});

test('of nothing is a file without rows', async () => {
  expect((await written([])).rows).toEqual([]);
});
