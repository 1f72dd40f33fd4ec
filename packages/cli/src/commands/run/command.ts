/** `waggle run`: its command line. What it does is in run.ts. */

import { Command } from 'commander';
import { parseDuration } from '../../options/parse.ts';
import type { RunOptions } from './options.ts';

export function runCommand(): Command {
  return new Command('run')
    .description('Run an agent of your own: a module that default-exports plugins.')
    .usage('[options] AGENT [ARG...]')
    .argument('<agent>', 'TypeScript or JavaScript file that default-exports defineAgent({...})')
    .argument('[args...]', 'handed to the default export, if that is a function')
    .passThroughOptions()
    .option('--duration <time>', 'stop after this time: seconds, or 500ms, 90s, 1m', parseDuration)
    .option('--check', 'load it and check that its plugins fit together, but start nothing')
    .addHelpText(
      'after',
      [
        '',
        'Examples:',
        '  waggle run examples/crash-reporter.ts',
        '  waggle run examples/exec-audit.ts --uid 1000 > audit.jsonl',
        '  waggle run --check my-agent.ts          needs no rights',
        '',
        'docs/custom-agent.md shows how to write one. The first line on stderr that says "ready"',
        'means that every event from then on is captured. Ctrl-C ends it gracefully, a second one without waiting for slow plugins.',
      ].join('\n'),
    )
    .action(async (agent: string, args: string[], options: RunOptions) => {
      const { runAgent } = await import('./run.ts');
      process.exitCode = await runAgent(agent, args, options);
    });
}
