// The layer check on small trees: what counts as an import, and what as an arrow back up.

import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { allFiles, type Import, readImports } from './imports.ts';
import { findCircles, forbiddenArrows } from './layers.ts';

let root = '';

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'waggle-layers-'));
  for (const name of ['cache', 'core']) {
    write(
      `packages/${name}/package.json`,
      JSON.stringify({ name: `@waggle/${name}`, exports: { '.': { bun: './src/index.ts' } } }),
    );
    write(`packages/${name}/src/index.ts`, '');
  }
});
afterEach(() => rmSync(root, { recursive: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

function arrows(imports: readonly Import[]): string[] {
  return imports.map(({ from, to, line }) => `${from}:${line} ${to}`);
}

function imports(): Import[] {
  return readImports(root, allFiles(root));
}

function circles(): string[] {
  return findCircles(imports()).map(({ folder, members }) => `${folder}: ${members.join(' ')}`);
}

test('imports of types, dynamic imports and re-exports count; generated files do not', () => {
  const all = `import { a } from './a.ts';
import type { B } from './b.ts';
export * from './c.ts';
type D = import('./d.ts').D;
const e = await import('./e.ts');
import cache from '@waggle/cache';
import text from 'effect';
import made from './generated/made.ts';
// import { f } from './f.ts';
`;
  for (const name of 'abcdef') write(`packages/core/src/${name}.ts`, '');
  write('packages/core/src/generated/made.ts', '');
  write('packages/core/src/all.ts', all);
  expect(arrows(imports()).sort()).toEqual([
    'packages/core/src/all.ts:1 packages/core/src/a.ts',
    'packages/core/src/all.ts:2 packages/core/src/b.ts',
    'packages/core/src/all.ts:3 packages/core/src/c.ts',
    'packages/core/src/all.ts:4 packages/core/src/d.ts',
    'packages/core/src/all.ts:5 packages/core/src/e.ts',
    'packages/core/src/all.ts:6 packages/cache/src/index.ts',
  ]);
});

test('two files that import each other are a circle', () => {
  write('packages/core/src/a.ts', "import './b.ts';");
  write('packages/core/src/b.ts', "import type { A } from './a.ts';");
  expect(circles()).toEqual(['packages/core/src: a.ts b.ts']);
});

test('two folders are one, though no two of their files are', () => {
  write('packages/core/src/kernel/load.ts', "import '../plugin/names.ts';");
  write('packages/core/src/kernel/errno.ts', '');
  write('packages/core/src/plugin/names.ts', '');
  write('packages/core/src/plugin/run.ts', "import '../kernel/errno.ts';");
  expect(circles()).toEqual(['packages/core/src: kernel plugin']);
});

test('a folder may use a file above it, but not one that uses the folder', () => {
  write('packages/core/src/elf/read.ts', "import '../bytes.ts';");
  write('packages/core/src/bytes.ts', '');
  write('packages/core/src/index.ts', "import './elf/read.ts';");
  expect(circles()).toEqual([]);
  write('packages/core/src/bytes.ts', "import './elf/error.ts';");
  write('packages/core/src/elf/error.ts', '');
  expect(circles()).toEqual(['packages/core/src: bytes.ts elf']);
});

test('one circle of many members is told once, with the shortest way round', () => {
  write('packages/core/src/a.ts', "import './b.ts';");
  write('packages/core/src/b.ts', "import './c.ts';");
  write('packages/core/src/c.ts', "import './a.ts';\nimport './b.ts';");
  const [circle, ...others] = findCircles(imports());
  expect(others).toEqual([]);
  expect(circle?.members).toEqual(['a.ts', 'b.ts', 'c.ts']);
  expect(arrows(circle?.way ?? [])).toEqual([
    'packages/core/src/b.ts:1 packages/core/src/c.ts',
    'packages/core/src/c.ts:2 packages/core/src/b.ts',
  ]);
});

test('packages that import each other are a circle, and the arrow up is forbidden', () => {
  write('packages/core/src/index.ts', "import '@waggle/cache';");
  expect(forbiddenArrows(imports())).toEqual([]);
  write('packages/cache/src/index.ts', "import type { Session } from '@waggle/core';");
  expect(circles()).toEqual(['packages: cache core']);
  expect(arrows(forbiddenArrows(imports()))).toEqual([
    'packages/cache/src/index.ts:1 packages/core/src/index.ts',
  ]);
});

test('a package without a place in the order may import nothing', () => {
  write('packages/new/src/index.ts', "import '@waggle/cache';");
  expect(arrows(forbiddenArrows(imports()))).toEqual([
    'packages/new/src/index.ts:1 packages/cache/src/index.ts',
  ]);
});

test('a test may import a room above its own, and is imported by nothing', () => {
  write('packages/core/src/session/run.ts', "import '../events/read.ts';");
  write('packages/core/src/events/read.ts', '');
  write('packages/core/src/events/read.test.ts', "import '../session/run.ts';");
  expect(circles()).toEqual([]);
  expect(forbiddenArrows(imports())).toEqual([]);
  write('packages/core/src/session/run.test.ts', "import '../events/read.test.ts';");
  expect(arrows(forbiddenArrows(imports()))).toEqual([
    'packages/core/src/session/run.test.ts:1 packages/core/src/events/read.test.ts',
  ]);
});

test('the order of packages holds for tests and benchmarks too', () => {
  write('packages/cache/src/cache.test.ts', "import '@waggle/core';");
  write('packages/cache/bench/run.ts', "import '@waggle/core';");
  expect(arrows(forbiddenArrows(imports())).sort()).toEqual([
    'packages/cache/bench/run.ts:1 packages/core/src/index.ts',
    'packages/cache/src/cache.test.ts:1 packages/core/src/index.ts',
  ]);
});

test('what is published needs no test, benchmark or script', () => {
  write('packages/core/test/made-up-host.ts', '');
  write('packages/core/src/index.ts', "import '../test/made-up-host.ts';");
  expect(arrows(forbiddenArrows(imports()))).toEqual([
    'packages/core/src/index.ts:1 packages/core/test/made-up-host.ts',
  ]);
});

test('packages import nothing of tests/ or scripts/, which import packages', () => {
  write('scripts/report.ts', "import '@waggle/core';");
  write('tests/support/run.ts', "import '@waggle/core';");
  expect(forbiddenArrows(imports())).toEqual([]);
  write('packages/core/bench/run.ts', "import type { Row } from '../../../scripts/report.ts';");
  write('tests/trace.test.ts', "import '../scripts/report.ts';");
  expect(arrows(forbiddenArrows(imports()))).toEqual([
    'packages/core/bench/run.ts:1 scripts/report.ts',
    'tests/trace.test.ts:1 scripts/report.ts',
  ]);
  expect(circles()).toEqual([': packages scripts']);
});

test('what tests share imports each other without a circle', () => {
  write('tests/support/a.ts', "import './b.ts';");
  write('tests/support/b.ts', "import './a.ts';");
  expect(circles()).toEqual(['tests/support: a.ts b.ts']);
});
