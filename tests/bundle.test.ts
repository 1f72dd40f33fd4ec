// What ./waggle runs in this clone is the bundle, with everything that is found by its place: BPF
// objects, workers, packages that are loaded late.

import { describe, expect, test } from 'bun:test';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { commandsOf, workersOf } from '../packages/cli/scripts/bundle-resolution.ts';
import { kernelTest } from './support/kernel-test.ts';
import { Waggle } from './support/waggle.ts';

const root = resolve(import.meta.dir, '..');

function currentBundle(): string {
  const text = readFileSync(join(root, 'packages/cli/bundle/current.sh'), 'utf8');
  return join(root, /^bundle=(.*)$/m.exec(text)?.[1] ?? '');
}

describe('the bundle', () => {
  kernelTest('is what a recording runs, and samples', async () => {
    await using waggle = await Waggle.record(['-a', '-d', '20', '-o', '-']);
    const words = readFileSync(`/proc/${waggle.pid}/cmdline`, 'utf8').split('\0');
    expect(words).toContain(join(currentBundle(), 'main.js'));
    const { code, stderr } = await waggle.stop();
    expect(stderr).not.toMatch(/warning|report it/);
    expect(code).toBe(0);
  });

  test('has every worker', () => {
    const workers = workersOf(root);
    expect(workers.length).toBeGreaterThan(1);
    for (const path of workers) {
      const name = path.slice(path.lastIndexOf('/') + 1).replace(/ts$/, 'js');
      expect(existsSync(join(currentBundle(), name)), name).toBe(true);
    }
  });

  test('has a file of each command', () => {
    const files = commandsOf(root).map((path) =>
      join(basename(dirname(path)), `${basename(path, '.ts')}.js`),
    );
    expect(files).toContain('trace/run.js');
    expect(files).toContain('history/run-sql.js');
    for (const file of files) expect(existsSync(join(currentBundle(), file)), file).toBe(true);
  });

  test('has the command line in a file by itself, without what any command does', () => {
    const text = readFileSync(join(currentBundle(), 'main.js'), 'utf8');
    expect(text).toContain('--off-cpu');
    expect(text.length).toBeLessThan(150_000);
  });

  test('packs, and loads what only one format needs', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'waggle-bundle-'));
    try {
      const stacks = join(folder, 'a.folded');
      writeFileSync(stacks, 'main;work 3\n');
      for (const name of ['a.pb.gz', 'a.otlp']) {
        const packed = join(folder, name);
        expect(await Waggle.run(['convert', stacks, packed])).toMatchObject({ code: 0 });
        const back = join(folder, `${name}.folded`);
        expect(await Waggle.run(['convert', packed, back])).toMatchObject({ code: 0 });
        expect(readFileSync(back, 'utf8')).toContain('main;work 3');
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('leaves the names of functions in stack traces', () => {
    const text = [...new Bun.Glob('**/*.js').scanSync({ cwd: currentBundle(), absolute: true })]
      .map((path) => readFileSync(path, 'utf8'))
      .join('\n');
    for (const name of ['openKernelCapture', 'sessionConfig', 'writeOutputs'])
      expect(new RegExp(`\\b${name}\\b`).test(text), name).toBe(true);
  });
});
