import { expect, test } from 'bun:test';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GuardedReader } from './guarded-reader.ts';

test('a file is read as it is, from anywhere in it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'waggle-guarded-'));
  try {
    const path = join(folder, 'file');
    writeFileSync(path, 'one two three');
    using reader = new GuardedReader(3000);
    using file = reader.open(path);
    const { ino, size, mtimeNs } = statSync(path, { bigint: true });
    expect(file.status).toMatchObject({ ino, size, mtimeNs });
    const bytes = Buffer.alloc(8);
    expect(file.read(bytes.subarray(0, 3), 4)).toBe(3);
    expect(bytes.toString('latin1', 0, 3)).toBe('two');
    expect(file.read(bytes, 8)).toBe(5);
    expect(file.read(bytes, 100)).toBe(0);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('errors are the system\u2019s, and what is no file is none', () => {
  using reader = new GuardedReader(3000);
  for (const [path, code] of [
    ['/nowhere', 'ENOENT'],
    ['/', 'EINVAL'],
    ['/dev/null', 'EINVAL'],
  ] as const)
    expect(() => reader.open(path)).toThrow(expect.objectContaining({ code }));
  // It works on.
  using file = reader.open('/proc/self/status');
  expect(file.read(Buffer.alloc(5), 0)).toBe(5);
});

test('memory of a process is a file as well', () => {
  using reader = new GuardedReader(3000);
  using memory = reader.open(`/proc/${process.pid}/mem`);
  expect(() => memory.read(Buffer.alloc(4), 8)).toThrow(expect.objectContaining({ code: 'EIO' }));
});
