// Everything short of tests that CI asks for: format and lint, types, builds that turbo can cache,
// and published packages that resolve for their users. All of it runs even if something fails, so
// that one run shows everything there is to do.

import { readFileSync } from 'node:fs';

// Longer files usually hold a second idea. Only a warning: some formats are one long table.
const longFileLines = 400;

let failures: string[] = [];

async function step(title: string, action: () => Promise<boolean>): Promise<void> {
  console.log(`\n── ${title}`);
  if (!(await action())) failures = [...failures, title];
}

async function run(...command: string[]): Promise<boolean> {
  const child = Bun.spawn(command, { stdin: 'ignore', stdout: 'inherit', stderr: 'inherit' });
  return (await child.exited) === 0;
}

const build = [
  'turbo',
  'run',
  'build',
  '--log-order=grouped',
  '--continue=dependencies-successful',
];

/** A build that is not restored the second time has inputs or outputs that turbo.json omits. */
async function secondBuildIsCached(): Promise<boolean> {
  const child = Bun.spawnSync([...build, '--output-logs=hash-only', '--no-color']);
  const output = child.stdout.toString();
  const [, cached, total] = /Cached:\s+(\d+) cached, (\d+) total/.exec(output) ?? [];
  const full = child.success && cached !== undefined && cached === total;
  console.log(full ? `${total} of ${total} builds came from the cache` : output);
  return full;
}

interface Manifest {
  readonly name: string;
  readonly private?: boolean;
}

function publishedPackages(): { name: string; directory: string }[] {
  const manifests = [...new Bun.Glob('packages/*/package.json').scanSync()].sort();
  return manifests.flatMap((path) => {
    const manifest = JSON.parse(readFileSync(path, 'utf8')) as Manifest;
    const directory = path.slice(0, -'/package.json'.length);
    return manifest.private ? [] : [{ name: manifest.name, directory }];
  });
}

function warnOfLongFiles(): void {
  const git = Bun.spawnSync(['git', 'ls-files', '-co', '--exclude-standard', '*.ts', '*.c', '*.h']);
  const paths = git.stdout.toString().split('\n').filter(Boolean);
  for (const path of new Set(paths)) {
    if (path.includes('/vendor/')) continue;
    const lines = readFileSync(path, 'utf8').split('\n').length - 1;
    if (lines > longFileLines) console.log(`warning: ${path} has ${lines} lines`);
  }
}

await step('format and lint (biome)', () =>
  run('biome', 'ci', '.', `--colors=${process.stdout.isTTY ? 'force' : 'off'}`),
);
await step('examples of the documents are written out', () =>
  run('bun', 'scripts/docs-examples.ts'),
);
await step('types (tsc), those examples included', () => run('tsc', '--noEmit'));
await step('no arrow back up, no circle (layers)', () => run('bun', 'scripts/layers/check.ts'));
await step('every module opens with what it is', () => run('bun', 'scripts/module-heads.ts'));
await step('docs/imports.md shows the imports that there are', () =>
  run('bun', 'scripts/layers/picture.ts', '--check'),
);
await step('nothing is dead, nothing unlisted (knip)', () => run('knip', '--no-config-hints'));
await step('prebuilt/ is what the C sources build', () =>
  run('bun', 'scripts/prebuilt.ts', 'check'),
);
await step('build (turbo, tsup)', () => run(...build, '--output-logs=new-only'));
await step('second build is a cache hit', secondBuildIsCached);
await step('the public API is what its reports say (api-extractor)', () =>
  run('bun', 'scripts/api/main.ts', '--check'),
);
for (const { name, directory } of publishedPackages()) {
  await step(`${name} is publishable (publint)`, () =>
    run('publint', 'run', directory, '--strict'),
  );
  await step(`${name} resolves with its types (attw)`, () =>
    run('attw', '--pack', directory, '--profile', 'esm-only', '--no-emoji'),
  );
}
await step('packages have licence, source and no tests', () =>
  run('bun', 'scripts/check-packed.ts'),
);
await step('the packed packages do what the guide says', () =>
  run('bun', 'scripts/try-packages.ts'),
);
warnOfLongFiles();

if (failures.length > 0) {
  console.log(`\ncheck failed: ${failures.join('; ')}`);
  process.exit(1);
}
console.log('\ncheck passed');
