// Every module of a package opens with what it is, as a documentation comment, which editors and API Extractor read:
//
//   bun scripts/module-heads.ts           names modules that do not, and fails
//   bun scripts/module-heads.ts --write   makes one of the line comments that a module opens with

import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

const root = resolve(import.meta.dir, '..');
/** Of a line, as biome.json has it. */
const WIDTH = 100;
/** A program's first line. */
const SHEBANG = /^#!.*\n/;
const LINE_COMMENTS = /^(?:\/\/.*\n)+/;

/** Modules of packages; what is generated says so itself. */
function modules(): string[] {
  const listed = Bun.spawnSync(
    ['git', 'ls-files', '-co', '--exclude-standard', 'packages/*/src/*.ts'],
    { cwd: root },
  );
  return listed.stdout
    .toString()
    .split('\n')
    .filter((path) => /\.ts$/.test(path) && !/\.(test|deno|node)\.ts$|\/generated\//.test(path));
}

export function hasHead(source: string): boolean {
  return /^\/\*\*[\s\S]*?\*\//.test(source.replace(SHEBANG, ''));
}

/** The source with its first line comments as a documentation comment; as it was where it has none. */
export function withHead(source: string): string {
  const [shebang = ''] = SHEBANG.exec(source) ?? [];
  const rest = source.slice(shebang.length);
  const [comments] = LINE_COMMENTS.exec(rest) ?? [];
  if (comments === undefined) return source;
  const lines = comments
    .trimEnd()
    .split('\n')
    .map((line) => line.slice(2).trimEnd().replaceAll('*/', '*\\/'));
  const only = lines.length === 1 ? `/**${lines[0]} */` : '';
  const head =
    only !== '' && only.length <= WIDTH
      ? only
      : ['/**', ...lines.map((line) => ` *${line}`), ' */'].join('\n');
  return `${shebang}${head}\n${rest.slice(comments.length)}`;
}

if (import.meta.main) {
  const without = modules().filter((path) => {
    const file = resolve(root, path);
    const source = readFileSync(file, 'utf8');
    if (hasHead(source)) return false;
    if (process.argv.includes('--write')) writeFileSync(file, withHead(source));
    return !hasHead(readFileSync(file, 'utf8'));
  });
  for (const path of without) console.log(`${path}: open it with /** what this module is */`);
  if (without.length > 0) process.exit(1);
}
