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
import { basename, dirname, join, relative, resolve } from 'node:path';
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
const commandLine = join(root, 'packages/cli/src/main.ts');
/** Younger ones may belong to a build that another ./waggle has under way. */
const UNFINISHED_MS = 60_000;

/** What the files of a bundle were made from, relative to the repository. */
interface Inputs {
  readonly main: readonly string[];
  /** By command: what it reads besides, workers' files included. */
  readonly commands: ReadonlyMap<string, readonly string[]>;
}

/** Writes the bundle into the folder. */
async function makeBundle(folder: string): Promise<Inputs> {
  const [ofMain, ofWorkers, ofRuns] = await Promise.all([
    bundle(commandLine, folder, '[name].[ext]'),
    Promise.all(
      workersOf(root).map(async (path) => ({
        folder: relative(root, dirname(path)),
        inputs: await bundle(path, folder, '[name].[ext]'),
      })),
    ),
    Promise.all(
      commandsOf(root).map(async (path) => ({
        command: basename(dirname(path)),
        inputs: await bundle(path, folder, '[dir]/[name].[ext]'),
      })),
    ),
  ]);
  const commands = new Map<string, string[]>();
  for (const { command, inputs } of ofRuns) {
    // Who starts a worker is in its folder.
    const folders = new Set(inputs.map((path) => dirname(path)));
    const workers = ofWorkers.filter((worker) => folders.has(worker.folder));
    const before = commands.get(command) ?? [];
    commands.set(command, [...before, ...inputs, ...workers.flatMap((worker) => worker.inputs)]);
  }
  return { main: ofMain, commands };
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
      commandsApart(root, path === commandLine),
      withoutEmbedded(),
      withoutUnusedModules(),
    ],
  });
  if (metafile === undefined) throw new Error('Bun did not say what it read');
  return Object.keys(metafile.inputs).map((path) => relative(root, resolve(path)));
}

/** What makes every file of the bundle stale by its change. */
function settings(): string[] {
  const patterns = [
    '{package,tsconfig,tsconfig.base}.json',
    'packages/*/{package,tsconfig}.json',
    'packages/cli/scripts/*',
  ];
  return [
    // npm writes its lock file last: it stands for all packages.
    'node_modules/.package-lock.json',
    ...patterns.flatMap((pattern) => sourcesOf(root, pattern)).map((path) => relative(root, path)),
  ];
}

function sourcesIn(inputs: readonly string[]): string[] {
  const sources = inputs.filter((path) => !path.includes('node_modules/'));
  // A source that was removed changes only its folder.
  const folders = sources.filter((path) => path.includes('/src/')).map((path) => dirname(path));
  return [...folders, ...sources];
}

/** A list of paths as the shell reads it. */
function shellList(name: string, paths: Iterable<string>): string {
  const unique = [...new Set(paths)];
  const odd = unique.find((path) => !/^[\w@./-]+$/.test(path));
  if (odd !== undefined) throw new Error(`${odd} is no name that a shell takes for one word`);
  return `${name}='\n${unique.join('\n')}\n'\n`;
}

/** Each command's list has what is not in that of all. */
function sourceLists({ main, commands }: Inputs): string {
  const ofAll = new Set([...settings(), ...sourcesIn(main)]);
  const lists = [...commands].map(([command, inputs]) =>
    shellList(
      `bundle_sources_${command}`,
      sourcesIn(inputs).filter((path) => !ofAll.has(path)),
    ),
  );
  return [
    shellList('bundle_commands', commands.keys()),
    shellList('bundle_sources', ofAll),
    ...lists,
  ].join('');
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
  const lists = sourceLists(await makeBundle(folder));
  if (!existsSync(join(folder, 'main.js'))) throw new Error('the bundle has no main.js');
  const next = join(folder, 'current.sh');
  writeFileSync(next, `bundle=${relative(root, folder)}\n${lists}`);
  const kept = bundlesInUse();
  renameSync(next, current);
  removeBundlesBut(kept.add(relative(bundles, folder)));
} catch (error) {
  rmSync(folder, { recursive: true, force: true });
  throw error;
}
