/** `waggle completions`: what a shell loads to complete waggle's command line. */

import { Argument, Command } from 'commander';
import { SHELLS, type Shell } from './options.ts';

export function completionsCommand(): Command {
  return new Command('completions')
    .description('Print what makes a shell complete commands and options.')
    .addArgument(new Argument('<shell>', 'bash, zsh or fish').choices(SHELLS))
    .addHelpText(
      'after',
      [
        '',
        'Examples:',
        '  eval "$(waggle completions bash)"        for this shell; to keep it:',
        '  waggle completions bash > ~/.local/share/bash-completion/completions/waggle',
        '  waggle completions zsh > "$fpath[1]/_waggle"',
        '  waggle completions fish > ~/.config/fish/completions/waggle.fish',
      ].join('\n'),
    )
    .action(async (shell: Shell, _options: object, self: Command) => {
      const { printCompletion } = await import('./run.ts');
      await printCompletion(shell, self.parent ?? self);
    });
}
