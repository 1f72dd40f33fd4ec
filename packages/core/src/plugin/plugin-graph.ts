/**
 * Which plugins go together: the same rules for the compiler (types) and at start (plan). A
 * composition is a list; the plan is the order in which its plugins are set up and called.
 */

import { InvalidPluginGraph } from '../errors/errors.ts';
import type { Plugin } from './plugin.ts';

/** Services that every session has, without a plugin. */
const BUILT_IN_SERVICES = ['kernel', 'session'] as const;
type BuiltIn = (typeof BUILT_IN_SERVICES)[number];

type NeededBy<P> = P extends Plugin<string, infer Needs, string> ? Needs : never;
type ProvidedBy<P> = P extends Plugin<string, string, infer Provided> ? Provided : never;
type NameOf<P> = P extends Plugin<infer Name, string, string> ? Name : never;

/** Names of services that are needed and that nobody provides. */
type MissingServices<Plugins extends readonly Plugin[]> = Exclude<
  NeededBy<Plugins[number]>,
  ProvidedBy<Plugins[number]> | BuiltIn
>;

/** Names that two plugins have. Names known only as `string` are left to the check at start. */
type DuplicateNames<
  Plugins extends readonly unknown[],
  Seen extends string = never,
> = Plugins extends readonly [infer First, ...infer Rest]
  ? string extends NameOf<First>
    ? DuplicateNames<Rest, Seen>
    : NameOf<First> extends Seen
      ? NameOf<First> | DuplicateNames<Rest, Seen>
      : DuplicateNames<Rest, Seen | NameOf<First>>
  : never;

/** What keeps a list from fitting together, in words; never if nothing does. */
type PluginGraphProblem<Plugins extends readonly Plugin[]> = [MissingServices<Plugins>] extends [
  never,
]
  ? [DuplicateNames<Plugins>] extends [never]
    ? never
    : { readonly 'two plugins have the name': DuplicateNames<Plugins> }
  : { readonly 'no plugin provides the service': MissingServices<Plugins> };

/**
 * For a parameter: `config: { plugins: P } & ValidPlugins<P, Given>` compiles if the list fits together
 * with the services that are given besides, and names in the error what does not.
 */
export type ValidPlugins<Plugins extends readonly Plugin[], Given extends string = never> = [
  PluginGraphProblem<readonly [...Plugins, Plugin<never, never, Given>]>,
] extends [never]
  ? unknown
  : {
      readonly plugins: PluginGraphProblem<readonly [...Plugins, Plugin<never, never, Given>]>;
    };

/**
 * The order of set-up and, within a phase, of calls: what a plugin needs comes before it, and
 * apart from that registration order holds.
 *
 * @throws InvalidPluginGraph for a duplicate name or service, a missing need or a cycle.
 */
export function planPlugins(plugins: readonly Plugin[]): readonly Plugin[] {
  const byName = new Map<string, Plugin>();
  const providers = new Map<string, Plugin>();
  for (const plugin of plugins) {
    if (byName.has(plugin.name))
      throw refuse([plugin.name], `two plugins have the name "${plugin.name}"; rename one of them`);
    byName.set(plugin.name, plugin);
    if (plugin.provides === undefined) continue;
    const other = providers.get(plugin.provides);
    if (other !== undefined || isBuiltIn(plugin.provides))
      throw refuse(
        [...(other ? [other.name] : []), plugin.name],
        `"${plugin.name}" provides the service "${plugin.provides}", which ${other ? `"${other.name}" provides too; leave one of them out` : 'every session has'}`,
      );
    providers.set(plugin.provides, plugin);
  }
  const ordered = new Set<Plugin>();
  const place = (plugin: Plugin, path: readonly Plugin[]): void => {
    if (ordered.has(plugin)) return;
    if (path.includes(plugin)) {
      const names = [...path.slice(path.indexOf(plugin)), plugin].map(({ name }) => name);
      throw refuse(
        names.slice(1),
        `plugins need each other in a circle: ${names.join(' needs ')}; one of them has to do without`,
      );
    }
    for (const need of plugin.needs) {
      if (isBuiltIn(need)) continue;
      const provider = providers.get(need);
      if (provider === undefined)
        throw refuse(
          [plugin.name],
          `"${plugin.name}" needs the service "${need}", which no plugin provides; add one that does`,
        );
      place(provider, [...path, plugin]);
    }
    ordered.add(plugin);
  };
  for (const plugin of plugins) place(plugin, []);
  return [...ordered];
}

function isBuiltIn(service: string): service is BuiltIn {
  return (BUILT_IN_SERVICES as readonly string[]).includes(service);
}

function refuse(plugins: readonly string[], message: string): InvalidPluginGraph {
  return new InvalidPluginGraph({ plugins, message });
}
