// `npm run dev`: after every save, what changed is formatted, the types are checked, and the tests that
// it can break are run. See affected.ts for which those are.
//
//   npm run dev              watches until Ctrl-C
//   npm run dev -- --once    the same once, for what git sees as changed; exit code 1 if something fails

import { existsSync, statSync, watch } from 'node:fs';
import { join, resolve } from 'node:path';
import { allFiles, readImports } from '../layers/imports.ts';
import { affectedTests } from './affected.ts';

const root = resolve(import.meta.dir, '../..');
const ignored = /(?:^|\/)(?:node_modules|dist|generated|bundle|\.[^/]+)(?:\/|$)/;
const watched = ['bench', 'packages', 'tests', 'scripts', 'examples'];
const settleMs = 200;

async function run(cwd: string, ...command: string[]): Promise<boolean> {
  const child = Bun.spawn(command, {
    cwd: join(root, cwd),
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return (await child.exited) === 0;
}

/** True if everything holds. All of it runs even if something fails. */
async function check(changed: readonly string[]): Promise<boolean> {
  const sources = changed.filter(
    (file) => /\.(?:ts|json)$/.test(file) && existsSync(join(root, file)),
  );
  const isBpf = changed.some((file) => /\.[ch]$/.test(file) && file.startsWith('packages/bpf/'));
  if (isBpf && !(await run('.', './scripts/setup'))) return false;
  const isFormatted =
    sources.length === 0 ||
    (await run('.', 'biome', 'check', '--write', '--no-errors-on-unmatched', ...sources));
  for (const file of sources) formatted.set(file, modified(file));
  const results = [
    isFormatted,
    await run('.', 'tsc', '--noEmit', '--incremental', '--tsBuildInfoFile', buildInfo),
  ];
  const files = allFiles(root);
  const imports = readImports(root, files);
  const tested = isBpf ? [...changed, 'packages/bpf/src/index.ts'] : changed;
  for (const [folder, tests] of affectedTests(tested, files, imports)) {
    const paths = tests.map((test) => `./${test.slice(folder.length + 1)}`);
    console.log(`── ${folder}: ${paths.length} test files`);
    results.push(await run(folder, 'bun', 'test', '--only-failures', '--timeout=120000', ...paths));
  }
  return results.every(Boolean);
}

/** When files were last written here: formatting them is no change to look at. */
const formatted = new Map<string, number>();
const buildInfo = join(root, 'node_modules/.cache/waggle-dev.tsbuildinfo');

function changedInGit(): string[] {
  const git = Bun.spawnSync(['git', 'status', '--porcelain', '--no-renames', '-uall', '-z'], {
    cwd: root,
  });
  return git.stdout
    .toString()
    .split('\0')
    .filter(Boolean)
    .map((line) => line.slice(3));
}

async function watchForever(): Promise<void> {
  const pending = new Set<string>();
  let saved = Promise.withResolvers<void>();
  for (const folder of watched) {
    watch(join(root, folder), { recursive: true }, (_, name) => {
      const file = `${folder}/${name}`;
      if (name === null || ignored.test(file) || !/\.(?:ts|json|c|h)$/.test(file)) return;
      pending.add(file);
      saved.resolve();
    });
  }
  console.log(`watching ${watched.join(', ')}; Ctrl-C ends it`);
  while (true) {
    await saved.promise;
    await Bun.sleep(settleMs);
    saved = Promise.withResolvers();
    const changed = [...pending].filter((file) => modified(file) !== formatted.get(file));
    pending.clear();
    if (changed.length === 0) continue;
    console.log(`\n── ${changed.join(', ')}`);
    const holds = await check(changed);
    console.log(holds ? '── all well' : '── something fails');
  }
}

function modified(file: string): number {
  return statSync(join(root, file), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

if (process.argv.includes('--once')) process.exit((await check(changedInGit())) ? 0 : 1);
await watchForever();
