// The layer check of `npm run check`: no arrow back up between packages or inside one, no circle.
// Circles that stand in known-circles.json are let pass while they only shrink; one that is gone has
// to be taken out there, so that it does not come back.
//
//   bun scripts/layers/check.ts            what is wrong, and the imports that make it so
//   bun scripts/layers/check.ts --accept   writes known-circles.json anew

import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Import, readImports, sourceFiles } from './imports.ts';
import knownCircles from './known-circles.json' with { type: 'json' };
import { type Circle, findCircles, forbiddenArrows, PACKAGES, packageOf } from './layers.ts';

const root = resolve(import.meta.dir, '../..');
const known: readonly { folder: string; members: string[] }[] = knownCircles;
const imports = readImports(root, sourceFiles(root));
const circles = findCircles(imports);

if (process.argv.includes('--accept')) {
  const kept = circles.map(({ folder, members }) => ({ folder, members }));
  writeFileSync(
    join(import.meta.dir, 'known-circles.json'),
    `${JSON.stringify(kept, undefined, 2)}\n`,
  );
  console.log(`${kept.length} circles are known now`);
  process.exit();
}

const problems = [
  ...forbiddenArrows(imports).map(describeArrow),
  ...circles.filter((circle) => !known.some((old) => covers(old, circle))).map(describeCircle),
  ...known
    .filter((old) => !circles.some((circle) => covers(old, circle)))
    .map(
      ({ folder, members }) => `${folder}: ${members.join(', ')} is no circle any more: \
good; let \`bun scripts/layers/check.ts --accept\` take it out of known-circles.json`,
    ),
];
for (const problem of problems) console.log(problem);
const files = new Set(imports.flatMap(({ from, to }) => [from, to]));
console.log(
  `${files.size} files, ${imports.length} imports, ${problems.length} problems, ` +
    `${circles.length} circles (${known.length} known before)`,
);
if (problems.length > 0) process.exit(1);

function covers(old: { folder: string; members: string[] }, circle: Circle): boolean {
  return (
    old.folder === circle.folder && circle.members.every((member) => old.members.includes(member))
  );
}

function describeArrow({ from, to, line }: Import): string {
  const source = packageOf(from);
  const allowed = PACKAGES[source]?.join(', ') || 'no other package';
  return `${from}:${line} imports ${to}, but ${source} may import only ${allowed}: \
move the code to where both may reach it, or name the arrow in PACKAGES of scripts/layers/layers.ts`;
}

function describeCircle({ folder, members, way }: Circle): string {
  const lines = way.map(({ from, to, line }) => `    ${from}:${line} imports ${to}`);
  return [
    `${folder}: ${members.join(', ')} import each other in a circle; the shortest way round:`,
    ...lines,
  ].join('\n');
}
