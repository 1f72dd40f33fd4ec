// The examples in the docstrings of the product's plugins compile, each as it stands; and every plugin's
// folder has one, an export of its own and a test.

import { expect, test } from 'bun:test';
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ts from 'typescript';
import manifest from '../../package.json' with { type: 'json' };

const root = join(import.meta.dir, '../../../..');
const names = readdirSync(import.meta.dir, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

function examplesOf(plugin: string): string[] {
  const source = readFileSync(join(import.meta.dir, plugin, 'index.ts'), 'utf8');
  return [...source.matchAll(/```ts\n([\s\S]*?)\n \* ```/g)].map(([, text = '']) =>
    text.replaceAll(/^ \* ?/gm, ''),
  );
}

/** Of TypeScript on a machine with a lot to do. */
const COMPILE_MS = 120_000;

test.each(names)('%s has an example, a subpath and a test', (plugin) => {
  const files = readdirSync(join(import.meta.dir, plugin));
  expect(examplesOf(plugin).length).toBeGreaterThan(0);
  expect(Object.keys(manifest.exports)).toContain(`./plugins/${plugin}`);
  expect(files.filter((file) => file.endsWith('.test.ts'))).not.toEqual([]);
});

/** Of these files alone: what they import is checked by `npm run check`, and takes twice as long as they. */
function problemsOf(files: readonly string[]): string {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.base.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const program = ts.createProgram(files, options);
  const problems = files.flatMap((file) => [
    ...ts.getPreEmitDiagnostics(program, program.getSourceFile(file)),
  ]);
  return ts.formatDiagnostics(problems, {
    getCurrentDirectory: () => root,
    getNewLine: () => '\n',
    getCanonicalFileName: (name) => name,
  });
}

test(
  'each example compiles',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'waggle-examples-'));
    try {
      // Where packages are found.
      symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
      const files = names.flatMap((plugin) =>
        examplesOf(plugin).map((text, index) => {
          const file = join(folder, `${plugin}-${index}.ts`);
          writeFileSync(file, text);
          return file;
        }),
      );
      expect(problemsOf(files)).toBe('');
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
  COMPILE_MS,
);
