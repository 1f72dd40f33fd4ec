// The example of README.md does what the README says.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Case } from '../support/case.ts';
import { bpfObjectOf, outputFolder } from '../support/compile.ts';

const readme = fileURLToPath(new URL('../../README.md', import.meta.url));
const index = new URL('../../src/index.ts', import.meta.url).href;

/** The first fenced block of that language. */
function block(text: string, language: string): string {
  const fence = '```';
  const begin = text.indexOf(`${fence}${language}\n`);
  if (begin < 0) throw new Error(`README.md has no ${language} block`);
  const end = text.indexOf(fence, begin + fence.length);
  return text.slice(text.indexOf('\n', begin) + 1, end);
}

export const readmeCases: readonly Case[] = [
  {
    name: 'README: the example sees the exits that it makes',
    needs: 'root',
    run() {
      const text = readFileSync(readme, 'utf8');
      const object = bpfObjectOf('exits', block(text, 'c'));
      const script = join(outputFolder(), 'exits.ts');
      writeFileSync(script, block(text, 'ts').replace("'@waggle/ffi'", `'${index}'`));
      const flags = process.versions.deno ? ['run', '-A', '--no-check', '--no-lock'] : [];
      const child = spawnSync(process.execPath, [...flags, script], {
        cwd: join(object, '..'),
        encoding: 'utf8',
        timeout: 20_000,
      });
      assert.equal(child.stderr, '');
      assert.equal(child.status, 0);
      assert.equal(child.stdout, block(text, 'text'));
    },
  },
];
