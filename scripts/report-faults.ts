// The rows that `npm run faults` noted, as a table by area: stdout, and between the marks of
// docs/reliability.md, where lines of rows that did not run stay; with --all they go, since there is no such
// row any more. Ends with 1 where a row did not hold in every round.

import { readFileSync, writeFileSync } from 'node:fs';
import { type FaultResult, reportFaults } from './fault-table.ts';

const ROWS = '.fault-results/rows.jsonl';
const PAGE = 'docs/reliability.md';

const results = readFileSync(ROWS, 'utf8')
  .split('\n')
  .filter(Boolean)
  .map((line) => JSON.parse(line) as FaultResult);
const isAll = process.argv.includes('--all');
const { page, table, rows, broken } = reportFaults(readFileSync(PAGE, 'utf8'), results, isAll);
writeFileSync(PAGE, page);
console.log(table);
console.log(`${rows.length} rows, ${broken.length} of them did not hold`);
process.exit(broken.length === 0 ? 0 : 1);
