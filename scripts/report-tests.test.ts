// run-tests.ts and report-tests.ts as CI uses them, on throw-away packages.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const scripts = import.meta.dir;
const path = `${resolve(scripts, '../node_modules/.bin')}:${process.env.PATH}`;
let repository = '';

beforeAll(() => {
  repository = mkdtempSync(join(tmpdir(), 'waggle-report-'));
  symlinkSync(resolve(scripts, '../node_modules'), join(repository, 'node_modules'));
  write('package.json', { name: 'r', packageManager: 'npm@11.0.0', workspaces: ['packages/*'] });
  write('turbo.json', { tasks: { test: { cache: false } } });
  write('package-lock.json', { lockfileVersion: 3, packages: {} });
});
afterAll(() => rmSync(repository, { recursive: true }));

function write(path: string, content: string | object): void {
  const target = join(repository, path);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, typeof content === 'string' ? content : JSON.stringify(content));
}

function addPackage(name: string, files: Record<string, string>): void {
  write(`packages/${name}/package.json`, { name, version: '1.0.0', scripts: { test: 'true' } });
  for (const [path, content] of Object.entries(files)) write(`packages/${name}/${path}`, content);
}

function run(script: string, directory: string, args: string[], environment = {}) {
  const child = Bun.spawnSync([process.execPath, join(scripts, script), ...args], {
    cwd: join(repository, directory),
    env: { ...process.env, PATH: path, CI: '', TURBO_TELEMETRY_DISABLED: '1', ...environment },
  });
  const lines = child.stdout.toString().trimEnd().split('\n');
  return { exitCode: child.exitCode, output: lines.join('\n'), closingLine: lines.at(-1) };
}

const passing = `import { test, expect } from 'bun:test'; test('one', () => expect(1).toBe(1));`;
const skipping = (name: string) => `${passing} test.skip('${name}', () => expect(1).toBe(2));`;

describe('a package that passes on three runtimes', () => {
  const portable = `import { test } from 'node:test'; import assert from 'node:assert';
    test('portable', () => assert.equal(1 + 1, 2 as number));`;

  test('has one result file for each and adds up', () => {
    addPackage('three', {
      'src/a.test.ts': passing,
      'src/a.deno.ts': portable,
      'src/a.node.ts': portable,
    });
    expect(run('run-tests.ts', 'packages/three', ['bun', 'deno', 'node']).exitCode).toBe(0);
    const report = run('report-tests.ts', '.', ['--exit-code=0', '--filter=three']);
    expect(report.closingLine).toBe('3 passed, 0 failed, 0 skipped');
    expect(report.exitCode).toBe(0);
  });
});

test('one file can run on several runtimes', () => {
  addPackage('same', {
    'test/a.test.ts': `import { test } from 'node:test'; test('one', () => {});`,
  });
  const args = ['bun', 'deno=test/*.test.ts', 'node=test/*.test.ts'];
  expect(run('run-tests.ts', 'packages/same', args).exitCode).toBe(0);
  const report = run('report-tests.ts', '.', ['--exit-code=0', '--filter=same']);
  expect(report.closingLine).toBe('3 passed, 0 failed, 0 skipped');
});

describe('a test that fails is run again, alone', () => {
  const failing = (name: string, times: number) => `
    test('${name}', () => {
      const marks = ${JSON.stringify(name)}.length + '.marks';
      appendFileSync(marks, '.');
      expect(readFileSync(marks, 'utf8').length).toBeGreaterThan(${times});
    });`;
  const heading = `import { describe, test, expect } from 'bun:test';
    import { appendFileSync, readFileSync } from 'node:fs';`;

  test('and counts as passed, and is listed, where it passes then', () => {
    const odd = 'one (of 2) > more*';
    addPackage('again', {
      'src/a.test.ts': `${heading} describe('a [set]', () => {${failing(odd, 1)}
        test('another', () => expect(1).toBe(1)); });`,
    });
    expect(run('run-tests.ts', 'packages/again', ['bun']).exitCode).toBe(0);
    const report = run('report-tests.ts', '.', ['--exit-code=0', '--filter=again']);
    expect(report.closingLine).toBe('2 passed, 0 failed, 0 skipped');
    expect(report.exitCode).toBe(0);
    expect(report.output).toContain('Failed, and passed when run again alone:');
    expect(report.output).toContain(`a [set] > ${odd}`);
    expect(report.output).toContain('Expected: > 1; Received: 1');
  });

  test('and has failed where it fails twice', () => {
    addPackage('twice', { 'src/a.test.ts': heading + failing('never', 9) });
    expect(run('run-tests.ts', 'packages/twice', ['bun']).exitCode).toBe(1);
    const report = run('report-tests.ts', '.', ['--exit-code=1', '--filter=twice']);
    expect(report.closingLine).toBe('0 passed, 1 failed, 0 skipped');
  });

  test('but not where more than three fail', () => {
    const tests = ['a', 'bb', 'ccc', 'dddd'].map((name) => failing(name, 1)).join('\n');
    addPackage('many', { 'src/a.test.ts': heading + tests });
    expect(run('run-tests.ts', 'packages/many', ['bun']).exitCode).toBe(1);
    const report = run('report-tests.ts', '.', ['--exit-code=1', '--filter=many']);
    expect(report.closingLine).toBe('0 passed, 4 failed, 0 skipped');
  });
});

describe('what counts as a failure', () => {
  test('a test file that does not load, although every test passed', () => {
    addPackage('broken', { 'src/a.test.ts': passing, 'src/b.test.ts': `import './absent.ts';` });
    expect(run('run-tests.ts', 'packages/broken', ['bun']).exitCode).toBe(1);
    const report = run('report-tests.ts', '.', ['--exit-code=1', '--filter=broken']);
    expect(report.closingLine).toBe('1 passed, 1 failed, 0 skipped');
    expect(report.exitCode).toBe(1);
  });

  test('a runtime for which there is no test', () => {
    addPackage('untested', { 'src/a.test.ts': passing });
    expect(run('run-tests.ts', 'packages/untested', ['bun', 'deno']).exitCode).toBe(1);
    const report = run('report-tests.ts', '.', ['--exit-code=1', '--filter=untested']);
    expect(report.output).toContain('no **/*.deno.ts here');
    expect(report.closingLine).toBe('1 passed, 1 failed, 0 skipped');
  });

  test('a test script that leaves no results', () => {
    addPackage('silent', {});
    const report = run('report-tests.ts', '.', ['--exit-code=0', '--filter=silent']);
    expect(report.closingLine).toBe('0 passed, 1 failed, 0 skipped');
    expect(report.exitCode).toBe(1);
  });

  test('a run that ended badly although all results are good', () => {
    addPackage('fine', { 'src/a.test.ts': passing });
    run('run-tests.ts', 'packages/fine', ['bun']);
    const report = run('report-tests.ts', '.', ['--exit-code=7', '--filter=fine']);
    expect(report.output).toContain('exit code 7');
    expect(report.exitCode).toBe(1);
  });

  test('no package at all', () => {
    const report = run('report-tests.ts', '.', ['--exit-code=0', '--filter=absent']);
    expect(report.exitCode).toBe(1);
  });
});

test('--clean removes the results of earlier runs, so that old ones cannot count', () => {
  const packages = ['old', 'older'];
  for (const name of packages) addPackage(name, { '.test-results/bun.xml': '<testsuites/>' });
  write('scripts/.test-results/bun.xml', '<testsuites/>');
  expect(run('report-tests.ts', '.', ['--clean']).exitCode).toBe(0);
  for (const directory of ['scripts', 'packages/old', 'packages/older']) {
    expect(existsSync(join(repository, directory, '.test-results'))).toBe(false);
  }
});

describe('skipped tests', () => {
  test('are listed and allowed outside CI, and fail in CI', () => {
    addPackage('skips', { 'src/a.test.ts': skipping('needs root') });
    run('run-tests.ts', 'packages/skips', ['bun']);
    const args = ['--exit-code=0', '--filter=skips'];

    const local = run('report-tests.ts', '.', args);
    expect(local.output).toContain('packages/skips (bun): src/a.test.ts > needs root');
    expect(local.closingLine).toBe('1 passed, 0 failed, 1 skipped');
    expect(local.exitCode).toBe(0);

    const ci = run('report-tests.ts', '.', args, { CI: 'true' });
    expect(ci.closingLine).toBe('1 passed, 1 failed, 0 skipped');
    expect(ci.exitCode).toBe(1);
  });

  test('are allowed in CI when marked [optional]', () => {
    addPackage('optional', { 'src/a.test.ts': skipping('lists programs [optional]') });
    run('run-tests.ts', 'packages/optional', ['bun']);
    const args = ['--exit-code=0', '--filter=optional'];
    const ci = run('report-tests.ts', '.', args, { CI: 'true' });
    expect(ci.closingLine).toBe('1 passed, 0 failed, 1 skipped');
    expect(ci.exitCode).toBe(0);
  });
});
