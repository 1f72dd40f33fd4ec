import { expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { lineAt, ScriptLines, sourceOf } from './script-lines.ts';

const TEXT = 'one\ntwo ü\nthree\n';
const TWO = TEXT.indexOf('two');

function withFile<T>(text: string, body: (path: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'waggle-script-'));
  const path = join(folder, 'a script.js');
  try {
    writeFileSync(path, text);
    return body(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('positions are in the lines that end behind them', () => {
  const { ends } = sourceOf(TEXT);
  expect([0, 3, 4, 9, 10, 15, 99].map((position) => lineAt(ends, position))).toEqual([
    ...[1, 1, 2, 2, 3, 3, 4],
  ]);
});

test('a file is read as the process sees it, by its path or URL', () => {
  withFile(TEXT, (path) => {
    const asked = { pid: process.pid, position: TWO, characters: TEXT.length };
    expect(new ScriptLines().of({ ...asked, file: path })).toBe(2);
    expect(new ScriptLines().of({ ...asked, file: pathToFileURL(path).href })).toBe(2);
  });
});

test('of a process that is gone it is the file that we see', () => {
  withFile(TEXT, (path) => {
    const asked = { pid: 2 ** 22 + 1, position: TWO, characters: TEXT.length };
    expect(new ScriptLines().of({ ...asked, file: path })).toBe(2);
  });
});

test('a file of another length is not the one that ran', () => {
  withFile(`${TEXT}more\n`, (path) => {
    const asked = { pid: process.pid, position: TWO, characters: TEXT.length };
    expect(new ScriptLines().of({ ...asked, file: path })).toBeUndefined();
  });
});

test.each(['node:fs', 'relative.js', 'file:///%', '/proc/self/mem', '/dev/zero', '/', ''])(
  'nothing is read of %p',
  (file) => {
    const asked = { pid: process.pid, file, position: 1, characters: 10 };
    expect(new ScriptLines().of(asked)).toBeUndefined();
  },
);

test('a process that names a source for each of its functions takes a share of the time, and no more', () => {
  withFile('\n'.repeat(1000), (path) => {
    // Each look at the clock is ten milliseconds later, and a source that is read is one look more.
    let looks = 0;
    const lines = new ScriptLines(() => 10 * looks++);
    const asked = { pid: process.pid, file: path, position: 1 };
    const asks = 2000;
    for (let characters = 1; characters <= asks; characters++) lines.of({ ...asked, characters });
    const read = looks - asks;
    expect(read).toBeGreaterThan(50);
    expect(10 * read).toBeLessThan(0.1 * 10 * looks + 400);
  });
});
