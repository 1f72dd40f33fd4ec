/** `waggle record`: its command line. What it does is in run.ts. */

import { Command, Option } from 'commander';
import {
  collect,
  collectRegex,
  parseFrequency,
  parsePid,
  parseSeconds,
} from '../../options/parse.ts';
import { GROUPINGS } from './grouping.ts';
import { DEFAULT_OUTPUT, type RecordOptions } from './options.ts';

export function recordCommand(): Command {
  return new Command('record')
    .description('Record where CPU time goes, as a flame graph or folded stacks.')
    .usage('[options] [-- COMMAND [ARG...]]')
    .argument('[command...]', 'run this command and record it and its descendants')
    .passThroughOptions()
    .addOption(
      new Option('-F, --frequency <hz>', 'samples a second on each CPU')
        .argParser(parseFrequency)
        .default(99),
    )
    .option('-d, --duration <seconds>', 'stop after this time', parseSeconds)
    .option('-p, --pid <pid...>', 'record these processes and their descendants', parsePid)
    .option('-a, --all', 'record every process on this host')
    .option(
      '-o, --output <where>',
      `.svg, .html, .folded, .pb.gz, .speedscope.json, .json (Firefox Profiler) or .otlp, - for folded on stdout, http(s)://HOST:4318 to send it by OTLP (repeatable; default ${DEFAULT_OUTPUT})`,
      collect,
    )
    .addOption(
      new Option(
        '--unwind <how>',
        'find callers by frame pointers, by call frame information (.eh_frame; needs no frame pointers, Linux 6.1), or by the best this kernel can',
      )
        .choices(['fp', 'dwarf', 'auto'])
        .default('auto'),
    )
    .addOption(
      new Option(
        '--group-by <what>',
        'what stacks stand on: the name, the process, its threads, its container',
      )
        .choices(GROUPINGS)
        .default('comm'),
    )
    .option(
      '--lines',
      'source lines and inlined functions, of programs and libraries with debug information (gcc -g)',
    )
    .addOption(
      new Option('--idle', 'with -a: also what CPUs do when idle, under [idle]').conflicts(
        'skipIdle',
      ),
    )
    .addOption(new Option('--skip-idle', 'leave idle CPUs out (the default)'))
    .option(
      '--send-arguments',
      "send the command's arguments too to http(s) outputs; they may hold secrets",
    )
    .option(
      '--redact <regex>',
      "black out what matches in the command's arguments, or what its groups capture (repeatable)",
      collectRegex,
    )
    .addOption(new Option('--user', 'only frames of user space').conflicts('kernel'))
    .addOption(new Option('--kernel', 'only frames of the kernel'))
    .addHelpText(
      'after',
      [
        '',
        'Examples:',
        '  waggle record -o flame.svg -- ./app --input data',
        '  waggle record -F 999 -d 5 -p 4242 -o app.pb.gz -o app.html',
        '  waggle record -a -d 10',
        '  waggle record --lines -o app.pb.gz -- ./app; go tool pprof -list main app.pb.gz',
        '  waggle record -o - -- make | sort -k2 -n',
        '  waggle record --redact "--password[= ](\\S+)" -- ./app --password secret',
        '  waggle record -a -d 60 -o host.pb.gz -o http://localhost:4318',
        '',
        'Ctrl-C ends a recording and writes everything. With -p it ends when all that it follows have',
        'ended. A COMMAND inherits what it would without waggle; its exit code is ours, the first Ctrl-C',
        'is its own, the second kills it and its descendants.',
      ].join('\n'),
    )
    .action(async (command: string[], options: RecordOptions) => {
      const { runRecord } = await import('./run.ts');
      process.exitCode = await runRecord(options, command);
    });
}
