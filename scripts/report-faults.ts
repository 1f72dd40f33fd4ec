// The rows that `npm run faults` noted, as a table by area: .fault-results/table.md and stdout.
// Ends with 1 where a row did not hold in every round.

import { readFileSync, writeFileSync } from 'node:fs';

interface Row {
  readonly area: string;
  readonly what: string;
  readonly holds: string;
  readonly rounds: number;
  readonly held: number;
  readonly seconds: number;
}

const results = '.fault-results';
const rows = readFileSync(`${results}/rows.jsonl`, 'utf8')
  .split('\n')
  .filter(Boolean)
  .map((line) => JSON.parse(line) as Row)
  .sort((a, b) => a.area.localeCompare(b.area));

const cell = (text: string) => text.replaceAll('|', String.raw`\|`);
const lines = rows.map(
  ({ area, what, holds, rounds, held, seconds }) =>
    `| ${area} | ${cell(what)} | ${cell(holds)} | ${held} of ${rounds} | ${seconds} |`,
);
const table = [
  '| area | what is done | what must hold | held | seconds |',
  '| --- | --- | --- | --- | --- |',
  ...lines,
  '',
].join('\n');
writeFileSync(`${results}/table.md`, table);
console.log(table);
const broken = rows.filter(({ rounds, held }) => held < rounds);
console.log(`${rows.length} rows, ${broken.length} of them did not hold`);
process.exit(broken.length === 0 ? 0 : 1);
