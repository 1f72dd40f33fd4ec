// The hooks of .githooks: which messages of commits they take.

import { expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const hook = resolve(import.meta.dir, '../.githooks/commit-msg');

function refusal(message: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'waggle-hooks-'));
  try {
    const file = join(folder, 'COMMIT_EDITMSG');
    writeFileSync(file, message);
    const { exitCode, stderr } = Bun.spawnSync([hook, file], { env: { PATH: process.env.PATH } });
    return exitCode === 0 ? '' : stderr.toString();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test.each([
  'cache: pids used again within a tick\n',
  'core, symbols: objects of others are read within budgets\n\nThey could fill memory.\n',
  `docs: ${'x'.repeat(66)}\n`,
  'unwind: a table\n# Please enter the commit message\n',
  "Merge branch 'main'\n",
  'fixup! cache: pids\n',
])('%j is taken', (message) => {
  expect(refusal(message)).toBe('');
});

test.each([
  ['Fix things\n', /names the package first/],
  ['cache : pids\n', /names the package first/],
  ['\n', /names the package first/],
  [`docs: ${'x'.repeat(67)}\n`, /at most 72 characters/],
  ['cache: pids\nand more\n', /second line .* is empty/],
])('%j is refused', (message, why) => {
  expect(refusal(message)).toMatch(why);
});
