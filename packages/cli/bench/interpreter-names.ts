// Whether the functions that `record` shows of interpreted programs are those that ran: the shares of two functions beside
// what another profiler says of the same process at the same time; and how many samples of programs that are over at once
// have the names of what ran. Languages, their programs and who is asked beside: interpreters/languages.ts.
//
//   bun bench/interpreter-names.ts [SECONDS] [PART] [LANGUAGE]   shares or brief; both without
//   PYTHON=..., NODE=..., JAVA=..., PY_SPY=..., ASYNC_PROFILER=..., ASYNC_PROFILER_LIBRARY=... for other programs

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type BenchRow, saveRows } from '../../../bench/rows.ts';
import { type Stack, samplesOf, stacksOf } from './interpreters/folded.ts';
import { type Language, languages } from './interpreters/languages.ts';
import { missingRow } from './peers.ts';

const SECONDS = Number(process.argv[2] ?? 20);
const PART = process.argv[3];
const LANGUAGE = process.argv[4];
const HERTZ = 999;
const RUNS = 200;
/** What calls the two functions. */
const MAIN = /^(?:JavaShares\.)?main$/;
/** Until its code is compiled. */
const WARM_MS = 1500;
/** For those who look at it to begin and to end. */
const BESIDE_SECONDS = 8;

const root = resolve(import.meta.dir, '../../..');
const waggle = join(root, 'waggle');
const folder = mkdtempSync(join(tmpdir(), 'waggle-bench-'));
const output = join(folder, 'out.folded');
const percent = (part: number, whole: number) => (100 * part) / whole;

/** The share of the first of the two functions in both, with how many samples that is of. */
function shareOf({ functions }: Language, stacks: readonly Stack[]) {
  const [first = 0, second = 0] = functions.map((name) =>
    samplesOf(stacks, (frames) =>
      frames.some((frame, at) => name.test(frame) && MAIN.test(frames[at - 1] ?? '')),
    ),
  );
  return { share: percent(first, first + second), of: first + second };
}

async function shares(language: Language): Promise<BenchRow> {
  const { name, beside } = language;
  const what = `share of a function of ${name} that has 60 %`;
  if (beside.program === undefined) return missingRow(what, beside);
  const options = {
    // V8 leaves a log there when it is asked for a perf map.
    cwd: folder,
    stdio: ['ignore', 'ignore', 'ignore'] as ['ignore', 'ignore', 'ignore'],
  };
  const seconds = SECONDS + BESIDE_SECONDS;
  const program = Bun.spawn([...language.shares(seconds)], options);
  await Bun.sleep(WARM_MS);
  const record = [
    ...[waggle, 'record', '-F', `${HERTZ}`, '-p', `${program.pid}`],
    ...['-d', `${SECONDS}`, '-o', output],
  ];
  const both = [record, beside.command(program.pid, HERTZ, SECONDS)].map((command) =>
    Bun.spawn([...command], options),
  );
  await Promise.all(both.map(({ exited }) => exited));
  const [own, others] = [stacksOf(readFileSync(output, 'utf8')), beside.stacks()].map((stacks) =>
    shareOf(language, stacks),
  );
  program.kill();
  await program.exited;
  rmSync(`/tmp/perf-${program.pid}.map`, { force: true });
  if (own === undefined || others === undefined) throw new Error(`${name}: nothing was recorded`);
  console.log(
    `${name}: ${own.share.toFixed(2)} % of ${own.of} samples, ${beside.name} ${others.share.toFixed(2)} % of ${others.of}`,
  );
  return {
    ...{ what: `${what}, of ${own.of} samples`, value: own.share, unit: '%' },
    versus: { name: `${beside.name}, of ${others.of}`, value: others.share },
    goal: 'within 2 points',
  };
}

async function brief({ name, brief: command, isNamed, isUnnamed }: Language): Promise<BenchRow> {
  const runs = `for run in $(seq ${RUNS}); do ${command.map((word) => `'${word}'`).join(' ')}; done`;
  const begun = performance.now();
  const recorder = Bun.spawn(
    [...[waggle, 'record', '-F', `${HERTZ}`, '-o', output], ...['--', 'sh', '-c', runs]],
    { stdout: 'ignore', stderr: 'ignore' },
  );
  if ((await recorder.exited) !== 0) throw new Error(`${name}: could not be recorded`);
  const each = (performance.now() - begun) / RUNS;
  const stacks = stacksOf(readFileSync(output, 'utf8'));
  const named = samplesOf(stacks, (frames) => isNamed(frames) && !isUnnamed(frames));
  const unnamed = samplesOf(stacks, isUnnamed);
  const share = percent(named, named + unnamed);
  console.log(
    `${name}, ${RUNS} runs of ${each.toFixed(0)} ms: ${share.toFixed(2)} % of ${named + unnamed} samples have names`,
  );
  const what = `samples with names of ${RUNS} runs of ${name}, ${each.toFixed(0)} ms each`;
  return { what, value: share, unit: '%', goal: '≥ 99 %' };
}

const PARTS = { shares, brief };
const isKnown = (part: string): part is keyof typeof PARTS => part in PARTS;
if (PART !== undefined && !isKnown(PART))
  throw new Error(`${PART}: no part; ${Object.keys(PARTS)}`);
const parts = PART === undefined ? Object.values(PARTS) : [PARTS[PART]];
const rows: BenchRow[] = [];
try {
  const wanted = (await languages(folder)).filter(({ name }) => name === (LANGUAGE ?? name));
  for (const part of parts) for (const language of wanted) rows.push(await part(language));
} finally {
  rmSync(folder, { recursive: true });
}
saveRows(import.meta.dir, 'interpreter-names', rows);
