import { afterAll, expect, test } from 'bun:test';
import { fstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DescriptorLedger } from './descriptors.ts';

const folder = mkdtempSync(join(tmpdir(), 'waggle-descriptors-'));
afterAll(() => rmSync(folder, { recursive: true }));

function isOpen(fd: number): boolean {
  try {
    fstatSync(fd);
    return true;
  } catch {
    return false;
  }
}

/** Opens and closes in a thread of its own, which then computes for ever: says which one is left open. */
const THREAD = `
  import { closeFile, DescriptorLedger, keepDescriptorLedger, openFile } from ${JSON.stringify(join(import.meta.dir, 'descriptors.ts'))};
  addEventListener('message', ({ data }) => {
    keepDescriptorLedger(new DescriptorLedger(data));
    const files = Array.from({ length: 70 }, () => openFile('/proc/self/status', 'r'));
    const [left] = files.splice(33, 1);
    files.forEach(closeFile);
    postMessage(left);
    for (;;);
  });
`;

test('what a thread had open when it was ended is closed, and nothing else', async () => {
  const ledger = new DescriptorLedger();
  const script = join(folder, 'thread.ts');
  writeFileSync(script, THREAD);
  const worker = new Worker(script);
  const left = new Promise<number>((resolve) => {
    worker.onmessage = ({ data }) => resolve(data);
  });
  const closed = new Promise((resolve) => worker.addEventListener('close', resolve));
  worker.postMessage(ledger.memory);
  const fd = await left;
  const before = readdirSync('/proc/self/fd').length;
  worker.terminate();
  await closed;
  expect(isOpen(fd)).toBe(true);
  ledger.closeAll();
  expect(isOpen(fd)).toBe(false);
  ledger.closeAll();
  expect(readdirSync('/proc/self/fd').length).toBeLessThan(before);
  expect([0, 1, 2].map(isOpen)).toEqual([true, true, true]);
});

test('a number that no ledger has room for is let be', () => {
  const ledger = new DescriptorLedger();
  ledger.opened(1_000_000);
  ledger.closing(1_000_000);
  ledger.closeAll();
});

test('nothing in this package opens or closes a file by another way', () => {
  const sources = import.meta.dir;
  const others = (readdirSync(sources, { recursive: true }) as string[]).filter(
    (name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && name !== 'descriptors.ts',
  );
  const found = others.filter((name) =>
    /\b(openSync|closeSync)\b/.test(readFileSync(join(sources, name), 'utf8')),
  );
  expect(found).toEqual([]);
});
