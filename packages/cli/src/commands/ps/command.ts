/** `waggle ps`: its command line. What it does is in run.ts. */

import { Command } from 'commander';
import { parsePid } from '../../options/parse.ts';
import type { PsOptions } from './options.ts';

export function psCommand(): Command {
  return new Command('ps')
    .description('Show who a process is. Secrets stay hidden unless asked for.')
    .argument('<pid...>', 'processes to show', parsePid)
    .option('--json', 'one JSON object a line')
    .option('--reveal', 'all arguments and the values of the environment, too')
    .addHelpText(
      'after',
      [
        '',
        'Examples:',
        '  waggle ps 1',
        '  waggle ps --json $(pgrep nginx)',
        '  waggle ps --reveal 4242     arguments and environment may hold passwords',
      ].join('\n'),
    )
    .action(async (pids: readonly number[], options: PsOptions) => {
      const { runPs } = await import('./run.ts');
      process.exitCode = await runPs(pids, options);
    });
}
