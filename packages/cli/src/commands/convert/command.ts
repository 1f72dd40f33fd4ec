/** `waggle convert`: its command line. What it does is in run.ts. */

import { Command } from 'commander';
import type { ConvertOptions } from './options.ts';

export function convertCommand(): Command {
  return new Command('convert')
    .description(
      'Write a recorded profile, or recorded events, in another format, chosen by the extension.',
    )
    .argument(
      '<input>',
      'a profile, gzipped or not, known by its content: pprof, folded stacks, perf script, ' +
        'speedscope, Firefox Profiler, OTLP, .cpuprofile; or events: the lines of trace --json, ' +
        'or a .csv or .db of trace -o; ' +
        '- for standard input',
    )
    .argument(
      '<output...>',
      'files to write, - for folded stacks on standard output, or http(s)://HOST:4318 to send it by OTLP',
    )
    .option(
      '--sample-index <value>',
      'of several values the one to show, by type (inuse_space) or number from 0 on',
    )
    .option('--send-arguments', "send the command's arguments too; they may hold secrets")
    .addHelpText(
      'after',
      [
        '',
        'Examples:',
        '  waggle convert app.pb.gz app.svg app.html',
        '  waggle convert app.folded app.pb.gz app.speedscope.json',
        '  waggle convert app.pb.gz - | sort -rnk2',
        '  perf script | waggle convert - app.svg',
        '  waggle convert --sample-index alloc_space heap.pb.gz heap.html',
        '  waggle convert app.pb.gz http://localhost:4318',
        '  waggle convert events.jsonl build.html build.db',
        '  waggle convert build.db build.html build.pftrace',
      ].join('\n'),
    )
    .action(async (input: string, outputs: readonly string[], options: ConvertOptions) => {
      const { runConvert } = await import('./run.ts');
      process.exitCode = await runConvert(input, outputs, options);
    });
}
