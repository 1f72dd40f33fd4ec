// What a person gives on the command line, and what an agent exports.

import { BadAgent, checked } from '../../../packages/cli/src/commands/run/load-agent.ts';
import * as options from '../../../packages/cli/src/options/parse.ts';
import { InvalidPluginGraph } from '../../../packages/core/src/errors/errors.ts';
import { planPlugins } from '../../../packages/core/src/plugin/plugin-graph.ts';
import { errorsOf, type FuzzTarget } from '../target.ts';

/** The command may have a commander of its own. */
const isInvalid = (error: unknown): boolean =>
  (error as { code?: unknown }).code === 'commander.invalidArgument';

const PARSERS = Object.values(options) as readonly ((value: string) => unknown)[];

export const commandTargets: readonly FuzzTarget[] = [
  {
    name: 'options',
    run: (bytes) => {
      const text = new TextDecoder().decode(bytes);
      for (const parse of PARSERS)
        try {
          parse(text);
        } catch (error) {
          if (!isInvalid(error)) throw error;
        }
    },
    refuses: isInvalid,
  },
  {
    name: 'agent',
    run: (bytes) => {
      let exported: unknown;
      try {
        // Functions are what JSON has no way to say.
        exported = JSON.parse(new TextDecoder().decode(bytes), (_, value) =>
          value === 'FUNCTION' ? () => ({}) : value,
        );
      } catch {
        return;
      }
      const { plugins } = checked('agent.ts', exported);
      planPlugins(plugins);
    },
    refuses: errorsOf(BadAgent, InvalidPluginGraph),
  },
];
