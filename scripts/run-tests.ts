// Runs the tests of the package in the current directory, for its "test" script:
//
//   bun ../../scripts/run-tests.ts bun             *.test.ts under bun test
//   bun ../../scripts/run-tests.ts bun deno node   and *.deno.ts under Deno, *.node.ts under Node
//   bun ../../scripts/run-tests.ts bun node='test/*.test.ts'   other files than the usual ones
//
// Each runner writes .test-results/<runtime>.xml, which scripts/report-tests.ts adds up. Files for
// Node are bundled to JavaScript first, because Node 20 does not read TypeScript. A runner that ends
// with an error it did not write down (a crash, a file that does not load) is written down here.

import { mkdirSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { build } from 'esbuild';
import { failureXml, parseJUnit } from './junit.ts';

const results = '.test-results';
const bin = resolve(import.meta.dir, '../node_modules/.bin');

// Kernel tests wait for real processes and property tests try thousands of cases; five seconds, bun's
// default, is too short for both.
const testTimeoutMs = 120_000;

interface Runtime {
  readonly pattern: string;
  command(files: string[], junit: string): Promise<string[]>;
}

const runtimes: Record<string, Runtime> = {
  bun: {
    pattern: '**/*.test.ts',
    async command(files, junit) {
      const paths = files.map((file) => `./${file}`);
      const reporter = ['--reporter=junit', `--reporter-outfile=${junit}`];
      return [`${bin}/bun`, 'test', `--timeout=${testTimeoutMs}`, ...reporter, ...paths];
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

/** Gives the runner's exit code, or 1 where its results say more than the code. */
async function run(name: string, runtime: Runtime, pattern: string): Promise<number> {
  const files = await findFiles(pattern);
  if (files.length === 0) throw new Error(`no ${pattern} here`);

  const junit = `${results}/${name}.xml`;
  const command = await runtime.command(files, junit);
  const child = Bun.spawn(command, { stdin: 'ignore', stdout: 'inherit', stderr: 'inherit' });
  const exitCode = await child.exited;

  const report = Bun.file(junit);
  const tests = (await report.exists()) ? parseJUnit(await report.text()) : [];
  if (tests.length === 0) throw new Error(`wrote no results, exit code ${exitCode}`);
  const failed = tests.some((test) => test.outcome === 'failed');
  if (exitCode !== 0 && !failed) {
    throw new Error(`every test passed, but the exit code is ${exitCode} (see its output)`);
  }
  return failed ? exitCode || 1 : 0;
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
mkdirSync(results);

let exitCode = 0;
for (const { name, pattern, runtime } of asked) {
  if (!runtime) continue;
  try {
    const code = await run(name, runtime, pattern ?? runtime.pattern);
    exitCode ||= code;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    console.error(`${name}: ${message}`);
    await Bun.write(`${results}/${name}-runner.xml`, failureXml(name, message));
    exitCode ||= 1;
  }
}
process.exit(exitCode);
