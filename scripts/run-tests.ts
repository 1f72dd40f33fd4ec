// Runs the tests of the package in the current directory, for its "test" script:
//
//   bun ../../scripts/run-tests.ts bun             *.test.ts under bun test
//   bun ../../scripts/run-tests.ts bun deno node   and *.deno.ts under Deno, *.node.ts under Node
//   bun ../../scripts/run-tests.ts bun node='test/*.test.ts'   other files than the usual ones
//
// Each runner writes .test-results/<runtime>.xml, which scripts/report-tests.ts adds up. Files for
// Node are bundled to JavaScript first, because Node 20 does not read TypeScript. A runner that ends
// with an error it did not write down (a crash, a file that does not load) is written down here.
//
// Tests on the real kernel can meet a moment in which the machine does not get to something in time.
// Up to MAX_RUN_AGAIN failed tests of a package are run once more, alone; one that passes then is
// named in .test-results/passed-again.json, and the report lists it with its first failure.

import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { build } from 'esbuild';
import { failureXml, parseJUnit } from './junit.ts';
import { MAX_RUN_AGAIN, type PassedAgain, selectionOf } from './run-again.ts';

const results = '.test-results';
const bin = resolve(import.meta.dir, '../node_modules/.bin');

// Kernel tests wait for real processes and property tests try thousands of cases; five seconds, bun's
// default, is too short for both.
const testTimeoutMs = 120_000;
/** Of those that say that they wait more than they work: test.concurrent. */
const CONCURRENT_TESTS = 2;

/** What a file says of itself that sees only what it has started, and measures nothing: two such run at once. */
const BESIDE_OTHERS = /^\/\/ Runs beside others\./m;

interface Runtime {
  readonly pattern: string;
  /** How many files may run at once, where they say that they may. */
  readonly filesAtOnce?: number;
  command(files: string[], junit: string, atOnce: number): Promise<string[]>;
  /** The command for one test by its full name, where the runner can choose one. */
  again?(name: string, junit: string): string[];
}

function bunTest(junit: string, chosen: readonly string[]): string[] {
  const reporter = ['--reporter=junit', `--reporter-outfile=${junit}`];
  const options = [`--timeout=${testTimeoutMs}`, `--max-concurrency=${CONCURRENT_TESTS}`];
  return [`${bin}/bun`, 'test', ...options, ...reporter, ...chosen];
}

const runtimes: Record<string, Runtime> = {
  bun: {
    pattern: '**/*.test.ts',
    filesAtOnce: 2,
    async command(files, junit, atOnce) {
      const parallel = atOnce > 1 ? [`--parallel=${atOnce}`] : [];
      return bunTest(junit, [...parallel, ...files.map((file) => `./${file}`)]);
    },
    again(name, junit) {
      const { file, pattern } = selectionOf(name);
      return bunTest(junit, [`./${file}`, '-t', pattern]);
    },
  },
  deno: {
    pattern: '**/*.deno.ts',
    // Types are checked by tsc for the whole repository. The condition makes other packages of the
    // workspace resolve to their sources, as under Bun, so that no build has to come first.
    async command(files, junit) {
      const options = ['-A', '--no-check', '--no-lock', '--conditions=bun'];
      return [`${bin}/deno`, 'test', ...options, `--junit-path=${junit}`, ...files];
    },
  },
  node: {
    pattern: '**/*.node.ts',
    async command(files, junit) {
      const bundles = await Promise.all(files.map(bundleForNode));
      const junitReporter = ['--test-reporter=junit', `--test-reporter-destination=${junit}`];
      const textReporter = ['--test-reporter=spec', '--test-reporter-destination=stdout'];
      return ['node', '--test', ...junitReporter, ...textReporter, ...bundles];
    },
  },
};

async function bundleForNode(file: string): Promise<string> {
  const target = `${results}/node/${file.replace(/\.ts$/, '.mjs')}`;
  await build({
    entryPoints: [file],
    outfile: target,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    sourcemap: 'inline',
    logLevel: 'error',
  });
  return target;
}

async function findFiles(pattern: string): Promise<string[]> {
  const files = await Array.fromAsync(new Bun.Glob(pattern).scan({ onlyFiles: true }));
  return files.filter((file) => !/(^|\/)(node_modules|dist)\//.test(file)).sort();
}

const allPassedAgain: PassedAgain[] = [];
/** Of all parts together. */
let mayRunAgain = MAX_RUN_AGAIN;

async function runAgain(runtime: Runtime, name: string): Promise<boolean> {
  const junit = `${results}/again/out.xml`;
  const command = runtime.again?.(name, junit);
  if (!command) return false;
  console.log(`\nrun again, alone: ${name}`);
  rmSync(junit, { force: true });
  const options = { stdin: 'ignore', stdout: 'inherit', stderr: 'inherit' } as const;
  if ((await Bun.spawn(command, options).exited) !== 0 || !existsSync(junit)) return false;
  const same = parseJUnit(readFileSync(junit, 'utf8')).filter((test) => test.name === name);
  return same.length > 0 && same.every((test) => test.outcome === 'passed');
}

async function passedAgain(
  runner: string,
  runtime: Runtime,
  failed: readonly string[],
): Promise<PassedAgain[]> {
  if (failed.length > mayRunAgain) return [];
  mayRunAgain -= failed.length;
  const passed: PassedAgain[] = [];
  for (const name of failed) {
    if (await runAgain(runtime, name)) passed.push({ runner, name });
  }
  return passed;
}

/** Files that one process of the runner is given. */
interface Part {
  readonly files: string[];
  readonly atOnce: number;
}

/** Those that may run beside each other, if there are several, and the others. */
function partsOf(files: readonly string[], atOnce: number): Part[] {
  const isBeside = (file: string) => BESIDE_OTHERS.test(readFileSync(file, 'utf8'));
  const { true: beside = [], false: alone = [] } = Object.groupBy(files, (file) =>
    String(atOnce > 1 && isBeside(file)),
  );
  if (files.length === 0) return [];
  if (beside.length < 2) return [{ files: [...files], atOnce: 1 }];
  return [{ files: beside, atOnce }, ...(alone.length > 0 ? [{ files: alone, atOnce: 1 }] : [])];
}

/** Gives the runner's exit code, or 1 where its results say more than the code. */
async function run(name: string, runtime: Runtime, { files, atOnce }: Part): Promise<number> {
  const junit = `${results}/${name}.xml`;
  const command = await runtime.command(files, junit, atOnce);
  const child = Bun.spawn(command, { stdin: 'ignore', stdout: 'inherit', stderr: 'inherit' });
  const exitCode = await child.exited;

  const report = Bun.file(junit);
  const tests = (await report.exists()) ? parseJUnit(await report.text()) : [];
  if (tests.length === 0) throw new Error(`wrote no results, exit code ${exitCode}`);
  const failed = tests.filter((test) => test.outcome === 'failed').map((test) => test.name);
  if (exitCode !== 0 && failed.length === 0) {
    throw new Error(`every test passed, but the exit code is ${exitCode} (see its output)`);
  }
  const passed = await passedAgain(name, runtime, failed);
  allPassedAgain.push(...passed);
  return failed.length > passed.length ? exitCode || 1 : 0;
}

const asked = process.argv.slice(2).map((argument) => {
  const [, name = '', pattern] = /^([^=]*)(?:=(.+))?$/.exec(argument) ?? [];
  return { name, pattern, runtime: runtimes[name] };
});
if (asked.length === 0 || asked.some(({ runtime }) => !runtime)) {
  console.error(`usage: run-tests.ts ${Object.keys(runtimes).join('|')}[=PATTERN]...`);
  process.exit(2);
}

rmSync(results, { recursive: true, force: true });
mkdirSync(`${results}/again`, { recursive: true });

let exitCode = 0;
for (const { name, pattern, runtime } of asked) {
  if (!runtime) continue;
  const chosen = pattern ?? runtime.pattern;
  const files = await findFiles(chosen);
  if (files.length === 0) await isWrittenDown(name, `no ${chosen} here`);
  for (const [index, part] of partsOf(files, runtime.filesAtOnce ?? 1).entries()) {
    const ofPart = index === 0 ? name : `${name}-${index + 1}`;
    try {
      const code = await run(ofPart, runtime, part);
      exitCode ||= code;
    } catch (error) {
      await isWrittenDown(ofPart, error instanceof Error ? error.message : String(error));
    }
  }
}

async function isWrittenDown(name: string, message: string): Promise<void> {
  console.error(`${name}: ${message}`);
  await Bun.write(`${results}/${name}-runner.xml`, failureXml(name, message));
  exitCode ||= 1;
}

await Bun.write(`${results}/passed-again.json`, JSON.stringify(allPassedAgain));
process.exit(exitCode);
