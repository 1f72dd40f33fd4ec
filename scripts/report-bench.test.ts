import { describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { savedRows, saveRows } from '../bench/rows.ts';
import { benchTable } from './report-bench.ts';

const body = (...rows: Parameters<typeof benchTable>[0]) => benchTable(rows).split('\n').slice(2);

describe('benchTable', () => {
  test('shows the ratio to what was measured beside it', () => {
    const versus = { name: 'C libbpf', value: 4 };
    const row = { what: 'ring reader', value: 6, unit: 'ns/record', versus, maxRatio: 1.6 };
    expect(body(row)).toEqual([
      '| ring reader | 6.00 ns/record | C libbpf: 4.00 ns/record | 1.50× | ≤ 1.6× |',
    ]);
  });

  test('shows how far apart the rounds were', () => {
    const versus = { name: 'perf', value: 4, spread: [3, 5] } as const;
    expect(body({ what: 'record', value: 2, unit: 's', spread: [1, 2.5], versus })).toEqual([
      '| record | 2.00 s (1.00 to 2.50) | perf: 4.00 s (3.00 to 5.00) | 0.500× |  |',
    ]);
  });

  test('keeps three digits, and all before the point', () => {
    expect(body({ what: 'a', value: 0.012345, unit: 's' })[0]).toContain('| 0.0123 s |');
    expect(body({ what: 'b', value: 123456.7 })[0]).toContain('| 123457 |');
  });

  test('says why a row has no value', () => {
    const row = { what: 'execsnoop', skipped: 'libbpf-tools is not installed' };
    expect(body(row)).toEqual([
      '| execsnoop | not measured: libbpf-tools is not installed |  |  |  |',
    ]);
  });

  test('escapes what would end a cell', () => {
    expect(body({ what: 'trace | head', value: 1 })[0]).toStartWith('| trace \\| head |');
  });
});

test('rows are read as they were saved, package by package', () => {
  const root = mkdtempSync(join(tmpdir(), 'waggle-bench-'));
  try {
    const row = { what: 'storm', value: 1, unit: 'µs' };
    saveRows(join(root, 'packages/ffi/bench'), 'ring', [{ what: 'ring', skipped: 'no root' }]);
    saveRows(join(root, 'packages/cli/bench'), 'storm', [{ what: 'of the last run' }]);
    saveRows(join(root, 'packages/cli/bench'), 'storm', [row]);
    expect(savedRows(join(root, 'packages/*'))).toEqual([
      row,
      { what: 'ring', skipped: 'no root' },
    ]);
  } finally {
    rmSync(root, { recursive: true });
  }
});
