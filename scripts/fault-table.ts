// The table of faults in docs/reliability.md, from the rows that `npm run faults` noted. A row that ran more than
// once, because its file was tried again, is one row: as it went the last time.

export interface FaultResult {
  readonly area: string;
  readonly what: string;
  readonly holds: string;
  readonly rounds: number;
  readonly held: number;
  readonly seconds: number;
}

export interface FaultReport {
  /** The page with the table in it. */
  readonly page: string;
  readonly table: string;
  /** What ran, each once. */
  readonly rows: readonly FaultResult[];
  readonly broken: readonly FaultResult[];
}

const BEGIN = '<!-- faults: written by npm run faults -->\n';
const END = '<!-- faults end -->';

const cell = (text: string) => text.replaceAll('|', String.raw`\|`);
const lineOf = ({ area, what, holds, rounds, held, seconds }: FaultResult) =>
  `| ${area} | ${cell(what)} | ${cell(holds)} | ${held} of ${rounds} | ${seconds} |`;
const cellsOf = (line: string) => line.split(/(?<!\\)\|/).map((text) => text.trim());
const areaOf = (line: string) => cellsOf(line)[1] ?? '';
/** Area and what is done: of the rows of a file no two do the same. */
const keyOf = (line: string) => cellsOf(line).slice(1, 3).join('|');

/**
 * @param results as they came, the last one of a row being the one that counts
 * @param isAll whether every row there is has run: lines of others go
 * @throws Error where the page has no place for the table
 */
export function reportFaults(
  page: string,
  results: readonly FaultResult[],
  isAll: boolean,
): FaultReport {
  const from = page.indexOf(BEGIN) + BEGIN.length;
  const to = page.indexOf(END, from);
  if (from < BEGIN.length || to < 0) throw new Error('the page has no place for the table');
  const ran = new Map(results.map((row) => [keyOf(lineOf(row)), row]));
  const kept = page
    .slice(from, to)
    .split('\n')
    .filter((line) => /^\| (?!area |---)/.test(line))
    .filter((line) => !isAll || ran.has(keyOf(line)));
  const known = new Set(kept.map(keyOf));
  const lines = [
    ...kept.map((line) => {
      const row = ran.get(keyOf(line));
      return row === undefined ? line : lineOf(row);
    }),
    ...[...ran].flatMap(([key, row]) => (known.has(key) ? [] : [lineOf(row)])),
  ];
  // Lines of an area stay in their order.
  lines.sort((a, b) => areaOf(a).localeCompare(areaOf(b)));
  const table = [
    '| area | what is done | what must hold | held | seconds |',
    '| --- | --- | --- | --- | --- |',
    ...lines,
    '',
  ].join('\n');
  const rows = [...ran.values()];
  return {
    page: `${page.slice(0, from)}\n${table}\n${page.slice(to)}`,
    table,
    rows,
    broken: rows.filter(({ rounds, held }) => held < rounds),
  };
}
