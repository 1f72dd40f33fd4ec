// `npm run picture`: docs/imports.md, drawings of which package and which room imports which. An arrow
// that follows from two others is left out, so that the order can be seen.
//
//   bun scripts/layers/picture.ts            writes the page
//   bun scripts/layers/picture.ts --check    fails if the page shows something else than the sources

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Import, publishedFiles, readImports } from './imports.ts';
import { entryOf, packageOf } from './layers.ts';

const root = resolve(import.meta.dir, '../..');
const page = join(root, 'docs/imports.md');

const isRoom = (entry: string): boolean => !entry.includes('.');

/** Which entries of `folder` import which, those that `keep` leaves. */
function arrowsIn(
  folder: string,
  imports: readonly Import[],
  keep: (entry: string) => boolean,
): Map<string, Set<string>> {
  const arrows = new Map<string, Set<string>>();
  for (const { from, to } of imports) {
    if (!from.startsWith(`${folder}/`) || !to.startsWith(`${folder}/`)) continue;
    const [source, target] = [entryOf(from, folder), entryOf(to, folder)];
    if (source === target || !keep(source) || !keep(target)) continue;
    arrows.set(source, (arrows.get(source) ?? new Set()).add(target));
  }
  return arrows;
}

/** Without arrows that follow from others. */
function reduced(arrows: ReadonlyMap<string, ReadonlySet<string>>): [string, string][] {
  const reaches = (from: string, to: string, seen = new Set<string>()): boolean =>
    [...(arrows.get(from) ?? [])].some((next) => {
      if (next === to) return true;
      if (seen.has(next)) return false;
      seen.add(next);
      return reaches(next, to, seen);
    });
  return [...arrows].flatMap(([from, targets]) =>
    [...targets]
      .filter((to) => ![...targets].some((other) => other !== to && reaches(other, to)))
      .map((to): [string, string] => [from, to]),
  );
}

function drawing(
  names: readonly string[],
  arrows: ReadonlyMap<string, ReadonlySet<string>>,
): string {
  const lines = reduced(arrows).map(([from, to]) => `  ${id(from)} --> ${id(to)}`);
  const nodes = names.map((name) => `  ${id(name)}["${name}"]`);
  return ['```mermaid', 'graph TD', ...nodes.sort(), ...lines.sort(), '```'].join('\n');
}

/** Mermaid takes some words for its own, as `graph` and `end`. */
function id(name: string): string {
  return `_${name.replaceAll(/\W/g, '_')}`;
}

function pageOf(files: readonly string[], imports: readonly Import[]): string {
  const packages = [...new Set(files.map(packageOf))].sort();
  const rooms = packages.flatMap((name) => {
    const folder = `packages/${name}/src`;
    const inside = files.filter((file) => file.startsWith(`${folder}/`));
    const names = [...new Set(inside.map((file) => entryOf(file, folder)))].filter(isRoom);
    if (names.length < 2) return [];
    return [`## ${name}\n\n${drawing(names, arrowsIn(folder, imports, isRoom))}\n`];
  });
  return `# Who imports whom

Drawn from the sources by \`npm run picture\`, types included. An arrow goes from what imports to what is
imported; one that follows from others is left out, and so are files that lie directly in \`src/\`.
\`npm run check\` proves that no arrow runs back and that no two files import each other in a circle.

## The packages

${drawing(
  packages,
  arrowsIn('packages', imports, () => true),
)}

${rooms.join('\n')}`;
}

const files = publishedFiles(root);
const text = pageOf(files, readImports(root, files));
if (process.argv.includes('--check')) {
  if (!existsSync(page) || readFileSync(page, 'utf8') !== text) {
    console.log('docs/imports.md shows other imports than the sources have: run `npm run picture`');
    process.exit(1);
  }
} else {
  writeFileSync(page, text);
}
