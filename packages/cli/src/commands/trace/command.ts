/** `waggle trace`: its command line. What it does is in run.ts. */

import type { EventKind } from '@waggle/core';
import { Command, InvalidArgumentError, Option } from 'commander';
import {
  collect,
  collectRegex,
  parsePid,
  parseRate,
  parseRegex,
  parseRingSize,
  parseSeconds,
  parseUid,
} from '../../options/parse.ts';
import { TRACEABLE_EVENTS, type TraceOptions } from './options.ts';

function parseEvents(value: string): readonly EventKind[] {
  const chosen = value.split(',').map((name) => name.trim());
  for (const name of chosen)
    if (!TRACEABLE_EVENTS.includes(name as EventKind))
      throw new InvalidArgumentError(`"${name}" is none of ${TRACEABLE_EVENTS.join(', ')}.`);
  return TRACEABLE_EVENTS.filter((event) => chosen.includes(event));
}

export function traceCommand(): Command {
  return new Command('trace')
    .description('Show every process that starts and ends, as it happens.')
    .usage('[options] [-- COMMAND [ARG...]]')
    .argument('[command...]', 'trace this command and its descendants until it ends')
    .passThroughOptions()
    .option('--json', 'one JSON object a line on standard output')
    .option('-p, --pid <pid...>', 'only these processes and their descendants', parsePid)
    .option('--comm <regex>', 'only processes whose name matches, 15 bytes or whole', parseRegex)
    .option('--uid <uid>', 'only processes of this user id', parseUid)
    .option('--cgroup <path>', 'only below this cgroup v2 directory (repeatable)', collect)
    .addOption(
      new Option(
        '--events <list>',
        'any of fork,exec,exit,failed-exec (default: exec,exit; with --failed exit,failed-exec)',
      ).argParser(parseEvents),
    )
    .option('--duration <seconds>', 'stop after this time', parseSeconds)
    .option('--failed', 'only exits with a status other than 0 or by a signal, and failed execs')
    .option('--tree', 'show who started whom; with --json: the ancestors of each process')
    .option(
      '--redact <regex>',
      'black out what matches in arguments, or what its groups capture (repeatable)',
      collectRegex,
    )
    .option('--environ', 'with --json: the environment of each exec, secrets included')
    .option('--rate-limit <events>', 'at most this many forks and execs a second', parseRate)
    .addOption(
      new Option('--ring-size <bytes>', 'ring buffer in the kernel: a power of two, K/M allowed')
        .env('WAGGLE_RING_SIZE')
        .argParser(parseRingSize),
    )
    .addHelpText(
      'after',
      [
        '',
        'Examples:',
        '  waggle trace',
        '  waggle trace --comm "^(curl|wget)$"',
        '  waggle trace --failed                    what exits with an error or is killed',
        '  waggle trace --json --duration 10 > events.jsonl',
        '  waggle trace --events fork,exec,exit -- make -j8',
        '  waggle trace --tree -- ./build.sh        who started whom',
        '  waggle trace --redact "--password[= ](\\S+)"',
        '',
        'The first line on stderr that says "ready" means that every event from then on is',
        'captured. With -p it ends when all that it follows have ended. A COMMAND inherits what it would',
        'without waggle; its exit code is ours, the first Ctrl-C is its own, the second kills it. Its',
        "standard output goes to stderr where ours is no terminal, so that stdout is the trace's alone.",
      ].join('\n'),
    )
    .action(async (command: string[], options: TraceOptions) => {
      const { runTrace } = await import('./run.ts');
      process.exitCode = await runTrace(options, command);
    });
}
