/** `waggle config`: its command line. What it does is in run.ts. */

import { Command } from 'commander';
import type { ConfigOptions } from './options.ts';

export function configCommand(): Command {
  return new Command('config')
    .description('Show the defaults of your own, and where each is from.')
    .option('--json', 'the same as one JSON array')
    .addHelpText(
      'after',
      [
        '',
        'Examples:',
        '  waggle config',
        '  echo \'{"record": {"frequency": 199, "redact": ["--token (\\\\S+)"]}}\' > ~/.config/waggle/config.json',
        '  WAGGLE_RECORD_OUTPUT=flame.html waggle record -- ./app',
        '',
        'Read are /etc/waggle/config.json and ~/.config/waggle/config.json, or the one that WAGGLE_CONFIG',
        'names. A variable WAGGLE_COMMAND_OPTION counts more than files, the command line more than both;',
        'options that can be repeated are added to.',
      ].join('\n'),
    )
    .action(async (options: ConfigOptions, self: Command) => {
      const { printConfig } = await import('./run.ts');
      process.exitCode = await printConfig(options, self.parent ?? self);
    });
}
