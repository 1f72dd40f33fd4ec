/**
 * How sources find each other and what lies beside them once they are in a bundle: workers are
 * entry points of their own, other uses of import.meta.url mean the source's place, and agents are
 * loaded by the sources.
 */

import { readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import type { BunPlugin } from 'bun';

/** Absolute and in order, so that the same sources make the same bundle. */
export function sourcesOf(root: string, pattern: string): string[] {
  return [...new Bun.Glob(pattern).scanSync({ cwd: root, absolute: true })].sort();
}

/** A worker is a source whose name ends in `worker.ts`; its bundle is beside that of the command. */
export function workersOf(root: string): string[] {
  const paths = sourcesOf(root, 'packages/*/src/**/*worker.ts').filter(
    (path) => !path.includes('/generated/'),
  );
  const names = paths.map((path) => basename(path));
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined)
    throw new Error(`two workers are called ${twice}, and in the bundle they would be one file`);
  return paths;
}

/** What each command does, but for that which loads agents (`agentsBySources`); its subcommands in `run-*.ts`. */
export function commandsOf(root: string): string[] {
  const runs = sourcesOf(root, 'packages/cli/src/commands/*/{run,run-*}.ts').filter(
    (path) => !path.endsWith('.test.ts'),
  );
  return runs.filter((path) => path !== join(folderOfAgents(root), 'run.ts'));
}

/**
 * What a command does is a file of its own, `<command>/run.js`, which no other command has to read. An import that would
 * make it a part of another file, or have it loaded before the command runs, is refused. In the bundle it is required: for
 * import() the runtime starts threads that read one file, 2.5 ms of CPU. But for `run`, which goes on in the sources.
 *
 * @param isCommandLine of main.js, which every command loads: what a command imports late would be a part of it
 */
export function commandsApart(root: string, isCommandLine: boolean): BunPlugin {
  const runs = new Set(commandsOf(root));
  const commands = join(root, 'packages/cli/src/commands/');
  return {
    name: 'commands-apart',
    setup(build) {
      build.onResolve({ filter: /^\.{1,2}\/.*\.ts$/ }, ({ path, importer, kind }) => {
        const imported = join(dirname(importer), path);
        const isLate = kind === 'dynamic-import' || kind === 'require-call';
        const refuse = (why: string): never => {
          const [from, to] = [importer, imported].map((each) => relative(root, each));
          throw new Error(`${from} imports ${to}: ${why}`);
        };
        if (runs.has(imported)) {
          const folder = dirname(imported);
          if (importer !== join(folder, 'command.ts'))
            refuse('what a command does is imported by its command.ts alone');
          if (!isLate) refuse('use import(), or every command loads what this one does');
          return { path: `./${basename(folder)}/${basename(path, '.ts')}.js`, external: true };
        }
        // Elsewhere there is what only runs use, and is left out.
        if (isCommandLine && isLate && importer.startsWith(commands))
          refuse('it would be a part of main.js: what is loaded late is in run.ts or run-*.ts');
        return undefined;
      });
      build.onLoad({ filter: /\/command\.ts$/ }, ({ path }) => {
        const text = readFileSync(path, 'utf8');
        if (!path.startsWith(commands) || dirname(path) === folderOfAgents(root)) return undefined;
        return {
          contents: text.replaceAll(/await import\(('\.\/run[\w-]*\.ts')\)/g, 'require($1)'),
          loader: 'ts',
        };
      });
    },
  };
}

function folderOfAgents(root: string): string {
  return join(root, 'packages/cli/src/commands/run');
}

/** The place of the bundle when it runs: that of the command, in workers too. */
const BUNDLE_URL = 'Bun.pathToFileURL(Bun.main).href';

/**
 * What is found by the place of a source (BPF objects, a package's packages) is found from the bundle,
 * and workers are found beside it. Bun itself would write in the place that the source has now, and a
 * clone that is copied or moved would run with the old one's files.
 */
export function placesOfSources(root: string, bundle: string): BunPlugin {
  const texts = new Map(
    sourcesOf(root, 'packages/*/src/**/*.ts')
      .filter((path) => !path.endsWith('.test.ts') && !path.includes('/generated/'))
      .map((path) => [path, readFileSync(path, 'utf8')] as const)
      .filter(([, text]) => text.includes('import.meta.url')),
  );
  return {
    name: 'places-of-sources',
    setup(build) {
      for (const [path, text] of texts) {
        const source = JSON.stringify(relative(bundle, path));
        const url = text.includes('new WorkerThread(')
          ? BUNDLE_URL
          : `new URL(${source}, ${BUNDLE_URL}).href`;
        const contents = text.replaceAll('import.meta.url', url);
        build.onLoad({ filter: exactly(path) }, () => ({ contents, loader: 'ts' }));
      }
    },
  };
}

/** The command's workers and objects are files beside it: what stands in for them is left out. */
export function withoutEmbedded(): BunPlugin {
  return {
    name: 'without-embedded',
    setup(build) {
      build.onLoad({ filter: /\/src\/generated\/(embedded-[\w]+|[\w-]+-worker)\.ts$/ }, () => ({
        contents: `throw new Error('a file of waggle is missing: run ./scripts/setup');`,
        loader: 'ts',
      }));
    },
  };
}

/**
 * `waggle run` goes on in the sources: agents import @waggle/core from there, and two instances of it
 * would not know each other's classes.
 */
export function agentsBySources(root: string, bundle: string): BunPlugin {
  const folder = folderOfAgents(root);
  return {
    name: 'agents-by-sources',
    setup(build) {
      build.onResolve({ filter: exactly('./run.ts') }, ({ importer }) =>
        dirname(importer) === folder
          ? { path: relative(bundle, join(folder, 'run.ts')), external: true }
          : undefined,
      );
    },
  };
}

/**
 * Without two modules of the runtime that packages load at once and no command uses: node:child_process, for
 * subcommands that are programs of their own, and node:async_hooks, for fibers that find the caller's
 * AsyncLocalStorage. Each takes 2 to 5 ms of CPU to load.
 */
export function withoutUnusedModules(): BunPlugin {
  return {
    name: 'without-unused-modules',
    setup(build) {
      build.onLoad({ filter: /\/commander\/lib\/command\.js$/ }, ({ path }) => ({
        contents: replaced(path, "require('node:child_process')", '{}'),
        loader: 'js',
      }));
      build.onLoad({ filter: /\/effect\/dist\/internal\/effect\.js$/ }, ({ path }) => ({
        contents: replaced(
          path,
          'globalThis.process?.getBuiltinModule?.("node:async_hooks")?.AsyncResource',
          'undefined',
        ),
        loader: 'js',
      }));
    },
  };
}

/** @throws Error where another release of a package says it in another way */
function replaced(path: string, text: string, by: string): string {
  const source = readFileSync(path, 'utf8');
  if (!source.includes(text)) throw new Error(`${path} has no ${text}`);
  return source.replace(text, by);
}

function exactly(text: string): RegExp {
  return new RegExp(`^${text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)}$`);
}
