/**
 * Makes the bundle that ./waggle runs in place of some 300 sources: the command line, what each command
 * does, and the workers, one file each, with what the engine compiled them to beside it (.jsc): 35 ms of
 * CPU less at each start. What commands share is in the file of each: a process reads one of them.
 * Run by set-up, and by ./waggle when a source is newer: bun scripts/bundle.ts
 *
 * Each bundle is a folder of its own, and current.sh, put in place by a rename, names the newest:
 * who reads it sees a whole bundle, and a command at work keeps the files that it started from.
 */

import { randomUUID } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import {
  agentsBySources,
  commandsApart,
  commandsOf,
  placesOfSources,
  sourcesOf,
  withoutEmbedded,
  withoutUnusedModules,
  workersOf,
} from './bundle-resolution.ts';

const root = resolve(import.meta.dir, '../../..');
const bundles = join(root, 'packages/cli/bundle');
const current = join(bundles, 'current.sh');
/** Younger ones may belong to a build that another ./waggle has under way. */
const UNFINISHED_MS = 60_000;

/** Writes the bundle into the folder. What it read, relative to the repository. */
async function makeBundle(folder: string): Promise<string[]> {
  const main = join(root, 'packages/cli/src/main.ts');
  const read = await Promise.all([
    ...[main, ...workersOf(root)].map((path) => bundle(path, folder, '[name].[ext]')),
    ...commandsOf(root).map((path) => bundle(path, folder, '[dir]/[name].[ext]')),
  ]);
  return [...new Set(read.flat())].map((path) => relative(root, resolve(path)));
}

/** One file by itself: of what several use, Bun would put into each what any of them uses. What was read. */
async function bundle(path: string, folder: string, entry: string): Promise<readonly string[]> {
  const { metafile } = await Bun.build({
    entrypoints: [path],
    root: join(root, 'packages/cli/src/commands'),
    outdir: folder,
    naming: { entry },
    target: 'bun',
    format: 'cjs',
    bytecode: true,
    // The environment counts when the command runs, not when it is bundled.
    env: 'disable',
    // Names stay, so that stack traces can be read. A source map would do better, but reading it
    // costs every start as much as the bundle saves.
    minify: { syntax: true, whitespace: true, identifiers: false },
    metafile: true,
    // It waits at its top level, which a file of CommonJS cannot; `top` imports it when it has a terminal.
    external: ['@opentui/core'],
    plugins: [
      placesOfSources(root, folder),
      agentsBySources(root, folder),
      commandsApart(root),
      withoutEmbedded(),
      withoutUnusedModules(),
    ],
  });
  if (metafile === undefined) throw new Error('Bun did not say what it read');
  return Object.keys(metafile.inputs);
}

/** Everything whose change makes the bundle stale. */
function madeFrom(inputs: readonly string[]): string[] {
  // npm writes its lock file last: it stands for all packages.
  const sources = inputs.filter((path) => !path.includes('node_modules/'));
  const settings = [
    '{package,tsconfig,tsconfig.base}.json',
    'packages/*/{package,tsconfig}.json',
    'packages/cli/scripts/*',
  ];
  const paths = [
    'node_modules/.package-lock.json',
    ...settings.flatMap((pattern) => sourcesOf(root, pattern)).map((path) => relative(root, path)),
    // A source that was removed changes only its folder.
    ...sources.filter((path) => path.includes('/src/')).map((path) => dirname(path)),
    ...sources,
  ];
  const odd = paths.find((path) => !/^[\w@./-]+$/.test(path));
  if (odd !== undefined) throw new Error(`${odd} is no name that a shell takes for one word`);
  return [...new Set(paths)];
}

/** The bundles that current.sh names or processes were started from, whoever these belong to. */
function bundlesInUse(): Set<string> {
  const commandLines = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => join('/proc', pid, 'cmdline'));
  return new Set(
    [current, ...commandLines].flatMap((path) => {
      try {
        return /bundle\/([\w-]+)\/main\.js/.exec(readFileSync(path, 'utf8'))?.[1] ?? [];
      } catch {
        return [];
      }
    }),
  );
}

function removeBundlesBut(kept: ReadonlySet<string>): void {
  for (const name of readdirSync(bundles)) {
    const path = join(bundles, name);
    try {
      const { mtimeMs } = statSync(path);
      if (kept.has(name) || path === current || Date.now() - mtimeMs < UNFINISHED_MS) continue;
      rmSync(path, { recursive: true });
    } catch {
      // Another build removes it too, or it belongs to root. It does no harm.
    }
  }
}

mkdirSync(bundles, { recursive: true });
const folder = join(bundles, randomUUID().slice(0, 8));
mkdirSync(folder);
try {
  // Made before any source is read: what changes from now on is newer.
  writeFileSync(join(folder, 'stamp'), '');
  const sources = madeFrom(await makeBundle(folder));
  if (!existsSync(join(folder, 'main.js'))) throw new Error('the bundle has no main.js');
  const next = join(folder, 'current.sh');
  writeFileSync(
    next,
    `bundle=${relative(root, folder)}\nbundle_sources='\n${sources.join('\n')}\n'\n`,
  );
  const kept = bundlesInUse();
  renameSync(next, current);
  removeBundlesBut(kept.add(relative(bundles, folder)));
} catch (error) {
  rmSync(folder, { recursive: true, force: true });
  throw error;
}
