import { expect, test } from 'bun:test';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ObjectFile } from '../mappings/object-file.ts';
import type { SymbolizationRequest } from './protocol.ts';
import { RequestQueue } from './request-queue.ts';

test('tables come before names, those of small files first', () => {
  const folder = mkdtempSync(join(tmpdir(), 'waggle-request-queue-'));
  const open = (bytes: number) => {
    const path = join(folder, String(bytes));
    writeFileSync(path, new Uint8Array(bytes));
    return openSync(path, 'r');
  };
  const [large, small] = [open(9000), open(10)];
  const table = (fd: number | undefined): SymbolizationRequest => {
    const object: ObjectFile = { key: '', path: '', fd, content: undefined, missing: undefined };
    return { kind: 'unwind-table', object };
  };
  const names: SymbolizationRequest = { kind: 'kernel-functions', places: [] };
  const requests = [names, table(large), names, table(small), table(undefined), table(large)];
  const queue = new RequestQueue();
  for (const [id, request] of requests.entries()) queue.add({ type: 'ask', id, request });
  const order = [];
  for (let ask = queue.take(); ask !== undefined; ask = queue.take()) order.push(ask.id);
  expect(order).toEqual([4, 3, 1, 5, 0, 2]);
  expect(queue.size).toBe(0);
  for (const fd of [large, small]) closeSync(fd);
  rmSync(folder, { recursive: true });
});
