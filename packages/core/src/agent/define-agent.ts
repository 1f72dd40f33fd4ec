/**
 * What a module for `waggle run` exports: the same configuration as createAgent takes, checked by
 * the compiler where it is written.
 */

import type { Plugin } from '../plugin/plugin.ts';
import type { ValidPlugins } from '../plugin/plugin-graph.ts';
import type { AgentConfig, AgentServices } from './create-agent.ts';

export interface AgentDefinition extends AgentConfig {
  readonly plugins: readonly Plugin[];
}

/** Returns its argument. Plugins that do not fit together do not compile. */
export function defineAgent<const Plugins extends readonly Plugin[]>(
  definition: AgentConfig & { readonly plugins: Plugins } & ValidPlugins<Plugins, AgentServices>,
): AgentDefinition {
  return definition;
}
