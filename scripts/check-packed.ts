// What every published package promises beside its code: the licence's text, a README, where its source
// is, and no tests in what npm packs.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly license?: string;
  readonly version: string;
  readonly repository?: { readonly url?: string; readonly directory?: string };
}

const root = join(import.meta.dir, '..');
const license = readFileSync(join(root, 'LICENSE'), 'utf8');
const core = readManifest('packages/core');
let problems: string[] = [];

for (const path of [...new Bun.Glob('packages/*/package.json').scanSync(root)].sort()) {
  const directory = path.slice(0, -'/package.json'.length);
  const manifest = readManifest(directory);
  if (manifest.private) continue;
  const found = [
    ...ofManifest(manifest, directory),
    ...ofFiles(directory, await packed(directory)),
  ];
  problems = [...problems, ...found.map((what) => `${directory}: ${what}`)];
}
for (const problem of problems) console.log(problem);
if (problems.length > 0) process.exit(1);

function readManifest(directory: string): Manifest {
  return JSON.parse(readFileSync(join(root, directory, 'package.json'), 'utf8')) as Manifest;
}

function ofManifest({ license, version, repository }: Manifest, directory: string): string[] {
  const expected = core.repository?.url;
  return [
    ...(license === 'MIT' ? [] : ['"license" is not MIT']),
    ...(version === core.version ? [] : [`version ${version}, where core has ${core.version}`]),
    ...(repository?.url === expected ? [] : [`"repository" does not name ${expected}`]),
    ...(repository?.directory === directory ? [] : ['"repository" does not name the folder']),
  ];
}

function ofFiles(directory: string, files: readonly string[]): string[] {
  const tests = files.filter((file) =>
    /\.(test|deno|node)\.ts$|(^|\/)(fixtures|test)\//.test(file),
  );
  const missing = ['LICENSE', 'README.md'].filter((file) => !files.includes(file));
  const isOurs =
    missing.includes('LICENSE') ||
    readFileSync(join(root, directory, 'LICENSE'), 'utf8') === license;
  return [
    ...missing.map((file) => `${file} is missing`),
    ...tests.map((file) => `${file} would be published: exclude it in "files"`),
    ...(isOurs ? [] : ['LICENSE is another one than that of the repository']),
  ];
}

async function packed(directory: string): Promise<string[]> {
  const npm = Bun.spawn(['npm', 'pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: join(root, directory),
    stderr: 'inherit',
  });
  const output = await new Response(npm.stdout).text();
  if ((await npm.exited) !== 0) throw new Error(`npm pack fails in ${directory}`);
  const [pack] = JSON.parse(output) as { files: { path: string }[] }[];
  return pack?.files.map(({ path }) => path) ?? [];
}
