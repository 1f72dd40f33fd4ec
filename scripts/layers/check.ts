// The layer check of `npm run check`: no arrow back up between packages or inside one, no circle. Says
// what is wrong, and the imports that make it so: bun scripts/layers/check.ts

import { resolve } from 'node:path';
import { allFiles, readImports } from './imports.ts';
import { type Circle, type ForbiddenArrow, findCircles, forbiddenArrows } from './layers.ts';

const root = resolve(import.meta.dir, '../..');
const imports = readImports(root, allFiles(root));
const problems = [
  ...forbiddenArrows(imports).map(describeArrow),
  ...findCircles(imports).map(describeCircle),
];
for (const problem of problems) console.log(problem);
const files = new Set(imports.flatMap(({ from, to }) => [from, to]));
console.log(`${files.size} files, ${imports.length} imports, ${problems.length} problems`);
if (problems.length > 0) process.exit(1);

function describeArrow({ from, to, line, why }: ForbiddenArrow): string {
  return `${from}:${line} imports ${to}, but ${why}`;
}

function describeCircle({ folder, members, way }: Circle): string {
  const lines = way.map(({ from, to, line }) => `    ${from}:${line} imports ${to}`);
  return [
    `${folder || 'the repository'}: ${members.join(', ')} import each other in a circle; the shortest way round:`,
    ...lines,
  ].join('\n');
}
