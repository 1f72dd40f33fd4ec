// Which source file imports which, types included: read by TypeScript's own scanner from the text of
// every file. The layer check and `npm run dev` ask for all of them; the picture for what is published.

import { readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';

export interface Import {
  /** The importing file and the imported one, from the root of the repository. */
  readonly from: string;
  readonly to: string;
  readonly line: number;
}

interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, { readonly bun: string }>>;
}

const unread = /(?:^|\/)(?:node_modules|dist|generated|fixtures|bundle)\//;

/** What a test runner runs. */
export function isTest(file: string): boolean {
  return /\.(?:test|deno|node)\.ts$/.test(file);
}

export function isPublished(file: string): boolean {
  return /^packages\/[^/]+\/src\//.test(file) && !isTest(file);
}

/** Sources that are published, from the root of the repository. */
export function publishedFiles(root: string): string[] {
  return filesOf(root, 'packages/*/src/**/*.ts').filter(isPublished);
}

/** These and all that stands beside them: tests, benchmarks, scripts. */
export function allFiles(root: string): string[] {
  return filesOf(root, '{bench,packages,examples,tests,scripts}/**/*.ts');
}

function filesOf(root: string, pattern: string): string[] {
  const files = new Bun.Glob(pattern).scanSync({ cwd: root });
  return [...files].filter((file) => !unread.test(file)).sort();
}

/** All imports between these files. One that leads elsewhere, or nowhere, is left to tsc. */
export function readImports(root: string, files: readonly string[]): Import[] {
  const entries = packageEntries(root);
  const known = new Set(files);
  return files.flatMap((from) => {
    const text = readFileSync(join(root, from), 'utf8');
    return ts.preProcessFile(text, true, true).importedFiles.flatMap(({ fileName, pos }) => {
      const to = fileName.startsWith('.')
        ? relative(root, resolve(root, dirname(from), fileName))
        : entries.get(fileName);
      if (to === undefined || !known.has(to)) return [];
      return [{ from, to, line: text.slice(0, pos).split('\n').length }];
    });
  });
}

/** `@waggle/cache/testing` to its source file, by the `bun` condition of its package. */
function packageEntries(root: string): Map<string, string> {
  const entries = new Map<string, string>();
  for (const path of new Bun.Glob('packages/*/package.json').scanSync({ cwd: root })) {
    const { name, exports } = JSON.parse(readFileSync(join(root, path), 'utf8')) as Manifest;
    for (const [subpath, { bun }] of Object.entries(exports)) {
      entries.set(name + subpath.slice(1), join(dirname(path), bun));
    }
  }
  return entries;
}
