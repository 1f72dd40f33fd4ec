/** `waggle diff`: its command line. What it does is in run.ts. */

import { Command, Option } from 'commander';
import { collect, parseCount } from '../../options/parse.ts';
import { DEFAULT_TOP, type DiffOptions } from './options.ts';

export function diffCommand(): Command {
  return new Command('diff')
    .description('What changed between two profiles, function by function.')
    .argument('<before>', 'a profile that convert can read, - for standard input')
    .argument('<after>', 'another one, of the same work')
    .option('-n, --top <count>', 'functions to show', parseCount, DEFAULT_TOP)
    .option('--total', 'by time in a function and what it calls, not by its own')
    .option('--all', 'also changes that chance explains (below three standard errors)')
    .option(
      '--sample-index <value>',
      'of several values the one to compare, by type (inuse_space) or number from 0 on',
    )
    .option('--json', 'every function with its samples, as one JSON document')
    .option(
      '-o, --output <file>',
      'also a flame graph of the change, .svg or .html, or .folded with both counts for flamegraph.pl (repeatable)',
      collect,
    )
    .addOption(
      new Option('--size-by <which>', 'which shares are the widths of boxes in .svg and .html')
        .choices(['after', 'before'])
        .default('after'),
    )
    .addHelpText(
      'after',
      [
        '',
        'Shares of all samples are compared, so the recordings may differ in length.',
        'Chance is told by the number of samples, where the profiles say it.',
        'In flame graphs, red grew and blue shrank; grey is no more than chance explains.',
        '',
        'Examples:',
        '  waggle diff monday.pb.gz tuesday.pb.gz',
        '  waggle diff --total -n 5 old.folded new.folded',
        '  waggle diff old.folded new.folded -o changed.html -o changed.svg',
      ].join('\n'),
    )
    .action(async (before: string, after: string, options: DiffOptions) => {
      const { runDiff } = await import('./run.ts');
      process.exitCode = await runDiff(before, after, options);
    });
}
