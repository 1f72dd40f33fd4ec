// Adds up the JUnit files that the test scripts of all packages left in .test-results/, lists what
// was skipped and what failed, and ends with the one line `N passed, N failed, N skipped`.
//
//   report-tests.ts --clean                  removes the results of earlier runs
//   report-tests.ts --exit-code=N [ARG...]   reports on `turbo run test ARG...`, which ended with N
//
// A test that failed and passed when it was run again (run-again.ts) counts as passed and is listed
// with its failure. A package that left no result counts as a failure, and so does a skip where CI=true, unless the
// test's name holds [optional]: CI has every privilege and tool, so a skip there is a hole.

import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isSystemError } from '../packages/symbols/src/system-error.ts';
import { type Outcome, parseJUnit, type TestResult } from './junit.ts';
import type { PassedAgain } from './run-again.ts';

interface PackageResult extends TestResult {
  readonly directory: string;
  readonly runner: string;
  readonly passedAgain: boolean;
}

interface DryRun {
  readonly tasks: { readonly task: string; readonly directory: string; readonly command: string }[];
}

/** Folders whose test script these arguments make turbo run; packages without one are left out. */
function testedDirectories(turboArguments: readonly string[]): string[] {
  const command = ['turbo', 'run', 'test', '--dry=json', ...turboArguments];
  const turbo = Bun.spawnSync(command, { stderr: 'inherit' });
  if (!turbo.success) return [];
  const { tasks } = JSON.parse(turbo.stdout.toString()) as DryRun;
  const tested = tasks.filter(
    ({ task, command }) => task === 'test' && command !== '<NONEXISTENT>',
  );
  return tested.map(({ directory }) => directory).sort();
}

function readResults(directory: string): PackageResult[] {
  const folder = join(directory, '.test-results');
  const files = new Bun.Glob('*.xml').scanSync({ cwd: folder });
  const again = readPassedAgain(join(folder, 'passed-again.json'));
  return [...files].sort().flatMap((file) => {
    const runner = basename(file, '.xml');
    return parseJUnit(readFileSync(join(folder, file), 'utf8')).map((test) => {
      const passedAgain =
        test.outcome === 'failed' && again.has(keyOf({ runner, name: test.name }));
      const outcome = passedAgain ? 'passed' : test.outcome;
      return { ...test, outcome, directory, runner, passedAgain };
    });
  });
}

const keyOf = ({ runner, name }: PassedAgain) => `${runner}: ${name}`;

function readPassedAgain(path: string): ReadonlySet<string> {
  if (!existsSync(path)) return new Set();
  return new Set((JSON.parse(readFileSync(path, 'utf8')) as PassedAgain[]).map(keyOf));
}

function resultsOf(directory: string): PackageResult[] {
  try {
    const results = readResults(directory);
    if (results.length > 0) return results;
  } catch (error) {
    if (!isSystemError(error) || error.code !== 'ENOENT') throw error;
  }
  return [failure(directory, 'test', 'left no results in .test-results/')];
}

function failure(directory: string, runner: string, message: string): PackageResult {
  const outcome = 'failed';
  return { directory, runner, name: 'test run', outcome, message, passedAgain: false };
}

function judgeSkip(result: PackageResult): PackageResult {
  if (result.outcome !== 'skipped' || process.env.CI !== 'true') return result;
  if (result.name.includes('[optional]')) return result;
  const reason = `skipped, which CI does not allow${result.message && `: ${result.message}`}`;
  return { ...result, outcome: 'failed', message: reason };
}

function list(title: string, results: readonly PackageResult[]): void {
  if (results.length === 0) return;
  console.log(`\n${title}:`);
  for (const { directory, runner, name, message } of results) {
    console.log(`  ${directory} (${runner}): ${name}${message && `\n      ${message}`}`);
  }
}

function report(directories: readonly string[], exitCode: number): number {
  const results = directories.flatMap(resultsOf).map(judgeSkip);
  if (exitCode !== 0 && !results.some(({ outcome }) => outcome === 'failed')) {
    results.push(failure('.', 'turbo', `ended with exit code ${exitCode}`));
  }
  const of = (wanted: Outcome) => results.filter(({ outcome }) => outcome === wanted);
  const [passed, failed, skipped] = [of('passed'), of('failed'), of('skipped')];

  list('Skipped', skipped);
  const again = results.filter(({ passedAgain }) => passedAgain);
  list('Failed, and passed when run again alone', again);
  list('Failed', failed);
  if (results.length === 0) console.log('\nNo package was tested.');
  console.log(`\n${passed.length} passed, ${failed.length} failed, ${skipped.length} skipped`);
  return failed.length > 0 || passed.length === 0 ? 1 : 0;
}

const [option = '', ...turboArguments] = process.argv.slice(2);
if (option === '--clean') {
  const packages = readdirSync('packages').map((name) => join('packages', name));
  for (const directory of ['scripts', 'tests', ...packages]) {
    rmSync(join(directory, '.test-results'), { recursive: true, force: true });
  }
} else if (/^--exit-code=\d+$/.test(option)) {
  const own = turboArguments.length === 0 ? ['scripts'] : [];
  const exitCode = Number(option.slice('--exit-code='.length));
  process.exit(report([...own, ...testedDirectories(turboArguments)], exitCode));
} else {
  console.error('usage: report-tests.ts --clean | --exit-code=N [ARG...]');
  process.exit(2);
}
