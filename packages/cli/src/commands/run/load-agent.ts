/** Loads an agent's module and checks what it exports, with words for whoever wrote it. */

import { existsSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { AgentDefinition, Plugin } from '@waggle/core';

/** What was wrong with the module, for people. */
export class BadAgent extends Error {}

const EXPECTED =
  'export default defineAgent({ plugins: [...] }), or a function of the arguments that returns it';

/** Packages that an agent may import although nothing is installed beside it. */
const OWN_PACKAGES = {
  '@waggle/core': () => import('@waggle/core'),
  '@waggle/core/bpf': () => import('@waggle/core/bpf'),
  '@waggle/core/errors': () => import('@waggle/core/errors'),
  '@waggle/core/plugins/brief-events': () => import('@waggle/core/plugins/brief-events'),
  '@waggle/core/plugins/cpu-profiler': () => import('@waggle/core/plugins/cpu-profiler'),
  '@waggle/core/plugins/event-output': () => import('@waggle/core/plugins/event-output'),
  '@waggle/core/plugins/image-retirement': () => import('@waggle/core/plugins/image-retirement'),
  '@waggle/core/plugins/live-heap': () => import('@waggle/core/plugins/live-heap'),
  '@waggle/core/plugins/off-cpu': () => import('@waggle/core/plugins/off-cpu'),
  '@waggle/core/plugins/perf-events': () => import('@waggle/core/plugins/perf-events'),
  '@waggle/core/plugins/probes': () => import('@waggle/core/plugins/probes'),
  '@waggle/core/plugins/process-metadata': () => import('@waggle/core/plugins/process-metadata'),
  '@waggle/core/plugins/process-tree': () => import('@waggle/core/plugins/process-tree'),
  '@waggle/core/plugins/profile-output': () => import('@waggle/core/plugins/profile-output'),
  '@waggle/core/plugins/redaction': () => import('@waggle/core/plugins/redaction'),
  '@waggle/cache': () => import('@waggle/cache'),
  '@waggle/formats': () => import('@waggle/formats'),
  'effect/Effect': () => import('effect/Effect'),
} as const;

/** @throws BadAgent */
export async function loadAgent(file: string, args: readonly string[]): Promise<AgentDefinition> {
  const path = resolve(file);
  if (!existsSync(path)) throw new BadAgent(`${file}: there is no such file`);
  if (!statSync(path).isFile()) throw new BadAgent(`${file} is not a file`);
  await offerOwnPackages(path);
  let module: { readonly default?: unknown };
  try {
    module = await import(pathToFileURL(path).href);
  } catch (error) {
    throw new BadAgent(`${file} could not be loaded: ${describe(error)}`, { cause: error });
  }
  const exported = module.default;
  if (exported === undefined) throw new BadAgent(`${file} has no default export; ${EXPECTED}`);
  let definition = exported;
  if (typeof exported === 'function') {
    try {
      definition = await exported(args);
    } catch (error) {
      throw new BadAgent(`${file}: its default export failed: ${describe(error)}`, {
        cause: error,
      });
    }
  } else if (args.length > 0) {
    throw new BadAgent(
      `${file} takes no arguments: its default export is no function of them (got ${args.join(' ')})`,
    );
  }
  try {
    return checked(file, definition);
  } catch (error) {
    if (error instanceof BadAgent) throw error;
    // An object may do anything when it is looked at.
    throw new BadAgent(`${file}: what it exports cannot be read: ${describe(error)}`, {
      cause: error,
    });
  }
}

/** Where the agent has its own, that is used; else ours, so that one file is enough. */
async function offerOwnPackages(path: string): Promise<void> {
  const require = createRequire(path);
  const missing = Object.entries(OWN_PACKAGES).filter(([name]) => {
    try {
      require.resolve(name);
      return false;
    } catch {
      return true;
    }
  });
  if (missing.length === 0 || typeof Bun === 'undefined') return;
  // Before they are replaced, or each would be looked for in itself.
  const own = await Promise.all(missing.map(async ([name, load]) => [name, await load()] as const));
  Bun.plugin({
    name: 'waggle-own-packages',
    setup(build) {
      for (const [name, exports] of own)
        build.module(name, () => ({ exports: { ...exports }, loader: 'object' }));
    },
  });
}

/** @throws BadAgent */
export function checked(file: string, definition: unknown): AgentDefinition {
  if (typeof definition !== 'object' || definition === null)
    throw new BadAgent(`${file} exports ${nameOf(definition)} by default; ${EXPECTED}`);
  const { plugins } = definition as { readonly plugins?: unknown };
  if (!Array.isArray(plugins))
    throw new BadAgent(`${file}: "plugins" is ${nameOf(plugins)} and not a list; ${EXPECTED}`);
  for (const [index, plugin] of plugins.entries())
    if (!isPlugin(plugin))
      throw new BadAgent(
        `${file}: plugins[${index}] is ${nameOf(plugin)} and not a plugin; make it with definePlugin({ name, setup })${typeof plugin === 'function' ? ', and call the function that returns it' : ''}`,
      );
  return definition as AgentDefinition;
}

/** As definePlugin makes it: with the names of what it needs, and of what it provides. */
function isPlugin(plugin: Partial<Plugin> | null | undefined): boolean {
  return (
    typeof plugin?.name === 'string' &&
    typeof plugin.spec?.setup === 'function' &&
    Array.isArray(plugin.needs) &&
    plugin.needs.every((need: unknown) => typeof need === 'string') &&
    (plugin.provides === undefined || typeof plugin.provides === 'string')
  );
}

function nameOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
