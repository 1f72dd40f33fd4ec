import { afterAll, expect, test } from 'bun:test';
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MapMemory } from '@waggle/symbols';
import { newImage } from './address-spaces.ts';
import { ImageMappings } from './image-mappings.ts';
import type { JitSources } from './jit-files.ts';
import { JitImage } from './jit-image.ts';

const folder = mkdtempSync(join(tmpdir(), 'waggle-jit-image-'));
afterAll(() => rmSync(folder, { recursive: true }));

const MEBIBYTE = 2 ** 20;
const RECORD_BYTES = 80;
const ADDRESS = 0x1000;

/** So many pieces of code, of 16 bytes each. */
function writeDump(path: string, count: number): void {
  const dump = Buffer.alloc(40 + count * RECORD_BYTES);
  dump.writeUInt32LE(0x4a69_5444, 0);
  dump.writeUInt32LE(1, 4);
  dump.writeUInt32LE(40, 8);
  for (let index = 0, at = 40; index < count; index++, at += RECORD_BYTES) {
    dump.writeUInt32LE(RECORD_BYTES, at + 4);
    dump.writeBigUInt64LE(BigInt(index + 1), at + 8);
    dump.writeBigUInt64LE(BigInt(ADDRESS + index * 16), at + 32);
    dump.writeBigUInt64LE(16n, at + 40);
    dump.write(`f${index}\0`, at + 56);
  }
  writeFileSync(path, dump);
}

test('of a long jitdump the end of its process reads a part, and the rounds after it the rest', () => {
  const path = join(folder, 'jit-1.dump');
  const count = Math.floor((8 * MEBIBYTE) / RECORD_BYTES);
  writeDump(path, count);
  const fd = openSync(path, 'r');
  const memory = new MapMemory();
  const sources: JitSources = {
    memory,
    memoryOf: () => undefined,
    owner: () => undefined,
    folder: () => undefined,
    dump: () => fd,
    start: () => undefined,
    now: () => 1e9,
    hasRoom: () => true,
    found() {},
    unwinds() {},
  };
  const last = () => code.lookup(ADDRESS + (count - 1) * 16, 1e9, false)?.name;
  const code = new JitImage(
    'key',
    newImage(1, 0n, ImageMappings.empty()),
    sources,
    () => undefined,
  );
  memory.beginRound(64 * MEBIBYTE);
  code.files.expectDump();
  code.files.end();
  expect(64 * MEBIBYTE - memory.left).toBeLessThan(5 * MEBIBYTE);
  expect([code.hasEnded, code.isReading, last()]).toEqual([false, true, undefined]);
  closeSync(fd);
  for (let round = 0; round < 8; round++) code.files.refresh();
  expect([code.hasEnded, code.isReading, last()]).toEqual([true, false, `f${count - 1}`]);
  expect(descriptorsOf(path)).toBe(0);
});

function descriptorsOf(path: string): number {
  const open = readdirSync('/proc/self/fd').filter((fd) => {
    const { stdout } = Bun.spawnSync(['readlink', `/proc/${process.pid}/fd/${fd}`]);
    return stdout.toString().trim() === path;
  });
  return open.length;
}
