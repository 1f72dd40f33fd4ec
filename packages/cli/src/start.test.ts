// What a command evaluates before its first event, by the modules of its bundle: what costs start time must
// not come back by an import. Milliseconds are measured by bench/start-and-idle.ts.

import { expect, test } from 'bun:test';
import { isBuiltin } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { withoutEmbedded } from '../scripts/bundle-resolution.ts';

const root = resolve(import.meta.dir, '../../..');

interface Evaluated {
  /** From the root of the repository. */
  readonly modules: readonly string[];
  /** Modules of the runtime. */
  readonly builtIn: ReadonlySet<string>;
}

/** By its own file and what that imports, without what it imports only when it is asked to. */
async function evaluatedBy(file: string): Promise<Evaluated> {
  const { metafile } = await Bun.build({
    entrypoints: [join(root, 'packages/cli/src', file)],
    target: 'bun',
    splitting: true,
    metafile: true,
    // Its native code is a package for each platform, of which one is here.
    external: ['@opentui/core'],
    plugins: [withoutEmbedded()],
  });
  if (metafile === undefined) throw new Error('Bun did not say what it read');
  const nameOf = (path: string) => relative(root, resolve(path));
  const inputs = new Map(Object.entries(metafile.inputs).map(([path, it]) => [nameOf(path), it]));
  // What tree-shaking leaves out is in no output.
  const kept = new Set(
    Object.values(metafile.outputs).flatMap(({ inputs }) =>
      Object.entries(inputs).flatMap(([path, { bytesInOutput }]) =>
        bytesInOutput > 0 ? [nameOf(path)] : [],
      ),
    ),
  );
  const seen = new Set<string>();
  const builtIn = new Set<string>();
  const open = [`packages/cli/src/${file}`];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    for (const { path: imported, kind } of inputs.get(path)?.imports ?? []) {
      if (kind === 'dynamic-import') continue;
      if (isBuiltin(imported)) {
        if (kept.has(path)) builtIn.add(imported);
      } else if (inputs.has(nameOf(imported))) open.push(nameOf(imported));
    }
  }
  return { modules: [...seen].filter((path) => kept.has(path)), builtIn };
}

/** Of waggle or of others. */
function packageOf(path: string): string {
  const installed = path.lastIndexOf('node_modules/');
  const parts = (installed < 0 ? path : path.slice(installed)).split('/');
  return parts[1] ?? '';
}

/** Each is 4 to 11 ms of CPU to load; tty brings the streams. */
const COSTLY = ['child_process', 'crypto', 'stream', 'tty', 'util', 'worker_threads', 'zlib'];

test('the command line is commander, ourselves, and how words get to stderr', async () => {
  const { modules } = await evaluatedBy('main.ts');
  const places = modules
    .filter((path) => !['cli', 'commander'].includes(packageOf(path)))
    .map((path) => (path.startsWith('packages/text/src/') ? dirname(path) : path));
  expect([...new Set(places)].sort()).toEqual([
    'packages/ffi/src/errors/errno-of.ts',
    'packages/ffi/src/process/open-without-waiting.ts',
    'packages/ffi/src/process/stderr.ts',
    'packages/kernel/src/event-kinds.ts',
    'packages/symbols/src/system-error.ts',
    'packages/text/src',
  ]);
});

test('trace evaluates neither profiles nor what symbolizes and unwinds', async () => {
  const { modules, builtIn } = await evaluatedBy('commands/trace/run.ts');
  const packages = [...new Set(modules.map(packageOf))].sort();
  expect(packages).toEqual([
    ...['bpf', 'cache', 'cli', 'core', 'effect', 'events', 'ffi', 'kernel', 'symbols', 'text'],
  ]);
  expect(modules.filter((path) => packageOf(path) === 'symbols')).toEqual([
    'packages/symbols/src/system-error.ts',
  ]);
  expect(builtIn).toContain('fs');
  expect([...builtIn].filter((name) => COSTLY.includes(name))).toEqual([]);
});

test('record samples before it loads what hashes, packs and streams', async () => {
  const { builtIn } = await evaluatedBy('commands/record/run.ts');
  expect([...builtIn].filter((name) => COSTLY.includes(name))).toEqual([]);
});
