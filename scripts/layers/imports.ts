// Which source file imports which, types included: read by TypeScript's own scanner from the text of
// every file below packages/*/src that is published. Tests, benchmarks and generated files are left
// out: a test may look at anything.

import { existsSync, readFileSync } from 'node:fs';
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

const notPart = /\.(?:test|deno|node)\.ts$|\/generated\/|\/fixtures\//;

/** All imports between source files below `root`. An import that leads nowhere is left to tsc. */
export function readImports(root: string): Import[] {
  const entries = packageEntries(root);
  return sourceFiles(root).flatMap((from) => {
    const text = readFileSync(join(root, from), 'utf8');
    return ts.preProcessFile(text, true, true).importedFiles.flatMap(({ fileName, pos }) => {
      const to = fileName.startsWith('.')
        ? relative(root, resolve(root, dirname(from), fileName))
        : entries.get(fileName);
      if (to === undefined || notPart.test(to) || !existsSync(join(root, to))) return [];
      return [{ from, to, line: text.slice(0, pos).split('\n').length }];
    });
  });
}

export function sourceFiles(root: string): string[] {
  const files = new Bun.Glob('packages/*/src/**/*.ts').scanSync({ cwd: root });
  return [...files].filter((file) => !notPart.test(file)).sort();
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
