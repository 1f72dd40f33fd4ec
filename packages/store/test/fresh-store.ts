// Stores of tests, each in a folder of its own that goes after the test.

import { afterEach } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HistoryProcess } from '../src/read/history.ts';
import { StoreReader } from '../src/read/store-reader.ts';
import { StoreWriter, type StoreWriterOptions } from '../src/write/store-writer.ts';
import { BOOT_NS } from './events.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

export function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'waggle-store-'));
  folders.push(folder);
  return folder;
}

/** By the clock of the writers below: ms since 1970. */
export const MS = Number(BOOT_NS / 1_000_000n);

export function writerOf(
  directory: string,
  options: Partial<StoreWriterOptions> = {},
): StoreWriter {
  return new StoreWriter({
    directory,
    ...{ keepMs: 1e9, maxBytes: 1e12, bootId: 'boot-1', bootNs: () => BOOT_NS, now: () => MS },
    onProblem: (message) => {
      throw new Error(message);
    },
    ...options,
  });
}

export function processesOf(directory: string): HistoryProcess[] {
  using reader = new StoreReader(directory);
  return [...reader.history({})].filter((entry) => entry.event === 'process');
}
