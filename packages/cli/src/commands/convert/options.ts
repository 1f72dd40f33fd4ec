// `waggle convert`: its command line. What it does is in run.ts.

import { Command } from 'commander';

export function convertCommand(): Command {
  return new Command('convert')
    .description('Write a recorded profile in another format, chosen by the extension.')
    .argument(
      '<input>',
      'a profile: .folded, .pb.gz, .speedscope.json, .json (Firefox Profiler) or .otlp',
    )
    .argument('<output...>', 'files to write, or - for folded stacks on standard output')
    .addHelpText(
      'after',
      [
        '',
        'Examples:',
        '  waggle convert app.pb.gz app.svg',
        '  waggle convert app.folded app.pb.gz app.speedscope.json',
        '  waggle convert app.pb.gz - | sort -rnk2',
      ].join('\n'),
    )
    .action(async (input: string, outputs: readonly string[]) => {
      const { runConvert } = await import('./run.ts');
      process.exitCode = await runConvert(input, outputs);
    });
}
