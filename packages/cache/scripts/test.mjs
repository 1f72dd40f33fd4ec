/**
 * Runs the tests on every runtime: `node scripts/test.mjs [bun|deno|node ...]`. They are written
 * on node:test, which Bun and Deno run from the sources. Node 20 cannot read TypeScript, so for
 * it each test is bundled first, packages left out, into a folder that is ignored and removed.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const packageRoot = dirname(dirname(fileURLToPath(import.meta.url)));
const repositoryRoot = dirname(dirname(packageRoot));
const files = readdirSync(join(packageRoot, 'test')).filter((name) => name.endsWith('.test.ts'));

function tool(name) {
  const local = join(repositoryRoot, 'node_modules', '.bin', name);
  return existsSync(local) ? local : name;
}

function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: packageRoot, stdio: 'inherit' });
  if (error) throw error;
  return status ?? 1;
}

const runtimes = {
  bun: () => run(tool('bun'), ['test', '--timeout', '120000', './test/']),
  deno: () =>
    run(tool('deno'), ['test', '-A', '--no-check', ...files.map((name) => join('test', name))]),
  async node() {
    const { build } = await import('esbuild');
    const out = join(packageRoot, 'node_modules', '.cache', 'test');
    rmSync(out, { recursive: true, force: true });
    mkdirSync(out, { recursive: true });
    await build({
      entryPoints: files.map((name) => join(packageRoot, 'test', name)),
      outdir: out,
      outExtension: { '.js': '.mjs' },
      bundle: true,
      packages: 'external',
      platform: 'node',
      target: 'node20',
      format: 'esm',
      sourcemap: 'inline',
      logLevel: 'warning',
    });
    const built = files.map((name) => join(out, name.replace(/\.ts$/, '.mjs')));
    const status = run(process.execPath, ['--enable-source-maps', '--test', ...built]);
    rmSync(out, { recursive: true, force: true });
    return status;
  },
};

const asked = process.argv.slice(2);
let failed = 0;
for (const name of asked.length > 0 ? asked : Object.keys(runtimes)) {
  const runtime = runtimes[name];
  if (runtime === undefined) {
    console.error(`unknown runtime ${name}: one of ${Object.keys(runtimes).join(', ')}`);
    process.exit(2);
  }
  console.log(`\n── ${name} ──`);
  if ((await runtime()) !== 0) failed++;
}
process.exit(failed === 0 ? 0 : 1);
