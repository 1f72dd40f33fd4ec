/**
 * The sources that the plugins of a session declare, each once. Two plugins may share one: then all their
 * hooks are attached, and maps are as large as the larger wish; settings have to be the same.
 */

import { attachMethod, type Source } from '@waggle/bpf';
import { EVENT_KINDS } from '@waggle/kernel';
import { InvalidPluginGraph } from '../errors/errors.ts';
import type { Plugin } from '../plugin/plugin.ts';

interface Wish {
  readonly source: Source;
  readonly plugins: readonly string[];
}

/** @throws InvalidPluginGraph where two plugins set one source differently */
export function mergeSources(plan: readonly Plugin[]): Source[] {
  const wishes = new Map<string, Wish>();
  for (const { name, spec } of plan)
    for (const source of spec.sources) {
      const known = wishes.get(source.skeleton.name);
      const plugins = [...(known?.plugins ?? []), name];
      wishes.set(source.skeleton.name, {
        source: known === undefined ? source : merged(known.source, source, plugins),
        plugins,
      });
    }
  const sources = [...wishes.values()];
  expectEventNames(sources);
  return sources.map(({ source }) => source);
}

/** Whether one of them has programs of perf events: then stacks are counted, and files of processes held open. */
export function samplesCpus(sources: readonly Source[]): boolean {
  return sources.some(({ skeleton }) =>
    Object.values(skeleton.programs).some((section) => attachMethod(section) === 'perf_event'),
  );
}

/** @throws InvalidPluginGraph where two kinds of events would have one name */
function expectEventNames(wishes: readonly Wish[]): void {
  const names = new Set<string>([...EVENT_KINDS, 'failedExec', 'lost']);
  for (const { source, plugins } of wishes)
    for (const name of Object.keys(source.events)) {
      if (names.has(name))
        throw new InvalidPluginGraph({
          plugins: [...plugins],
          message: `the source ${source.skeleton.name} calls its events "${name}", as others are called already: give them another name`,
        });
      names.add(name);
    }
}

function merged(a: Source, b: Source, plugins: readonly string[]): Source {
  const settings = { ...a.settings, ...b.settings };
  const differs = Object.entries(settings).find(
    ([name, value]) => (a.settings?.[name] ?? value) !== value,
  );
  if (a.skeleton !== b.skeleton || differs !== undefined || a.orElse !== b.orElse)
    throw new InvalidPluginGraph({
      plugins: [...plugins],
      message: `${plugins.map((name) => `"${name}"`).join(' and ')} want the source ${a.skeleton.name} in different ways${differs === undefined ? '' : ` (${differs[0]})`}; leave one of them out`,
    });
  const sizes = new Map(Object.entries({ ...a.mapEntries, ...b.mapEntries }));
  for (const [map, entries] of Object.entries(a.mapEntries ?? {}))
    sizes.set(map, Math.max(entries ?? 0, sizes.get(map) ?? 0));
  return {
    ...a,
    hooks: { ...a.hooks, ...b.hooks },
    required: [...new Set([...(a.required ?? []), ...(b.required ?? [])])],
    settings,
    mapEntries: Object.fromEntries(sizes),
    events: { ...a.events, ...b.events },
  };
}
