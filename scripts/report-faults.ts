// The rows that `npm run faults` noted, as a table by area: stdout, and between the marks of
// docs/reliability.md, where lines of rows that did not run stay; with --all they go, since there is no such
// row any more. Ends with 1 where a row did not hold in every round.

import { readFileSync, writeFileSync } from 'node:fs';

interface Row {
  readonly area: string;
  readonly what: string;
  readonly holds: string;
  readonly rounds: number;
  readonly held: number;
  readonly seconds: number;
}

const ROWS = '.fault-results/rows.jsonl';
const PAGE = 'docs/reliability.md';
const BEGIN = '<!-- faults: written by npm run faults -->\n';
const END = '<!-- faults end -->';

const rows = readFileSync(ROWS, 'utf8')
  .split('\n')
  .filter(Boolean)
  .map((line) => JSON.parse(line) as Row);

const cell = (text: string) => text.replaceAll('|', String.raw`\|`);
const lineOf = ({ area, what, holds, rounds, held, seconds }: Row) =>
  `| ${area} | ${cell(what)} | ${cell(holds)} | ${held} of ${rounds} | ${seconds} |`;
const cellsOf = (line: string) => line.split(/(?<!\\)\|/).map((text) => text.trim());
const areaOf = (line: string) => cellsOf(line)[1] ?? '';
/** Area and what is done: of the rows of a file no two do the same. */
const keyOf = (line: string) => cellsOf(line).slice(1, 3).join('|');
const isAll = process.argv.includes('--all');

const page = readFileSync(PAGE, 'utf8');
const from = page.indexOf(BEGIN) + BEGIN.length;
const to = page.indexOf(END, from);
if (from < BEGIN.length || to < 0) throw new Error(`${PAGE} has no place for the table`);
const ran = new Map(rows.map((row) => [keyOf(lineOf(row)), lineOf(row)]));
const kept = page
  .slice(from, to)
  .split('\n')
  .filter((line) => /^\| (?!area |---)/.test(line))
  .filter((line) => !isAll || ran.has(keyOf(line)))
  .map((line) => ran.get(keyOf(line)) ?? line);
const known = new Set(kept.map(keyOf));
const added = [...ran].flatMap(([key, line]) => (known.has(key) ? [] : [line]));
// Lines of an area stay in their order.
const lines = [...kept, ...added].sort((a, b) => areaOf(a).localeCompare(areaOf(b)));
const table = [
  '| area | what is done | what must hold | held | seconds |',
  '| --- | --- | --- | --- | --- |',
  ...lines,
  '',
].join('\n');
writeFileSync(PAGE, `${page.slice(0, from)}\n${table}\n${page.slice(to)}`);
console.log(table);
const broken = rows.filter(({ rounds, held }) => held < rounds);
console.log(`${rows.length} rows, ${broken.length} of them did not hold`);
process.exit(broken.length === 0 ? 0 : 1);
