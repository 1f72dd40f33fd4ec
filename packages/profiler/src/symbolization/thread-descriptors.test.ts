import { afterAll, expect, test } from 'bun:test';
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SymbolizationRequest } from './protocol.ts';
import { ThreadDescriptors } from './thread-descriptors.ts';

const folder = mkdtempSync(join(tmpdir(), 'waggle-thread-descriptors-'));
afterAll(() => rmSync(folder, { recursive: true }));

const about = (fd: number) =>
  ({
    kind: 'unwind-table',
    object: { key: 'o', path: '/o', fd },
  }) as unknown as SymbolizationRequest & {
    object: { fd: number };
  };

test('a descriptor that is another file by now is another one here too, and the old one is closed', () => {
  const descriptors = new ThreadDescriptors(false);
  const before = readdirSync('/proc/self/fd').length;
  for (let n = 0; n < 20; n++) {
    const path = join(folder, `${n}`);
    writeFileSync(path, `file ${n}`);
    const fd = openSync(path, 'r');
    const own = descriptors.translate(about(fd)).object.fd;
    expect(own).not.toBe(fd);
    expect(readFileSync(own, 'utf8')).toBe(`file ${n}`);
    expect(descriptors.translate(about(fd)).object.fd).toBe(own);
    closeSync(fd);
  }
  expect(readdirSync('/proc/self/fd').length).toBeLessThan(before + 5);
});
