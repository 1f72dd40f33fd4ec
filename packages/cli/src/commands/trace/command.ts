/** `waggle trace`: its command line. What it does is in run.ts. */

import { EVENT_KINDS, type EventKind } from '@waggle/kernel/event-kinds';
import { Command, InvalidArgumentError, Option } from 'commander';
import {
  collect,
  collectContainer,
  collectRegex,
  parseCount,
  parseDuration,
  parsePathGlob,
  parsePid,
  parseRate,
  parseRegex,
  parseRingSize,
  parseRotation,
  parseUid,
  parseUser,
} from '../../options/parse.ts';
import type { TraceOptions } from './options.ts';
import { TIME_FORMS } from './table/clock.ts';
import { COLUMN_NAMES, type ColumnName, mistakeInColumns } from './table/columns.ts';

function parseEvents(value: string): readonly EventKind[] {
  const chosen = value.split(',').map((name) => name.trim());
  for (const name of chosen)
    if (!(EVENT_KINDS as readonly string[]).includes(name))
      throw new InvalidArgumentError(`"${name}" is none of ${EVENT_KINDS.join(', ')}.`);
  return EVENT_KINDS.filter((event) => chosen.includes(event));
}

function parseColumns(value: string): readonly ColumnName[] {
  const chosen = value.split(',').map((name) => name.trim());
  const mistake = mistakeInColumns(chosen);
  if (mistake !== undefined) throw new InvalidArgumentError(mistake);
  return chosen as readonly ColumnName[];
}

function parseParent(value: string): RegExp | number {
  return /^\d+$/.test(value) ? (parsePid(value)[0] ?? 0) : parseRegex(value);
}

export function traceCommand(): Command {
  return new Command('trace')
    .description('Show every process that starts and ends, as it happens.')
    .usage('[options] [-- COMMAND [ARG...]]')
    .argument('[command...]', 'trace this command and its descendants until it ends')
    .passThroughOptions()
    .option('--json', 'one JSON object a line on standard output')
    .option(
      '-o, --output <file>',
      'write a file, by its extension: .html (timeline), .pftrace (Perfetto), .jsonl, .csv, .db (SQLite); - prints too (repeatable)',
      collect,
    )
    .option(
      '--rotate <limit>',
      'go on in a new .jsonl or .csv at this size or age: 100M, 1h, or 100M,1h',
      parseRotation,
    )
    .option('--keep <files>', 'with --rotate: how many stay (default: 10)', parseCount)
    .option('-p, --pid <pid...>', 'only these processes and their descendants', parsePid)
    .option('--comm <regex>', 'only processes whose name matches, 15 bytes or whole', parseRegex)
    .option(
      '--arg <regex>',
      'only where an argument matches, or all with spaces between',
      parseRegex,
    )
    .option(
      '--path <glob>',
      'only programs at this path: * within a name, ** across /',
      parsePathGlob,
    )
    .option(
      '--parent <regex>',
      'only where the name of the parent matches; a number is its pid',
      parseParent,
    )
    .option('--exclude <regex>', 'not where the name, the path or an argument matches', parseRegex)
    .option('--uid <uid>', 'only processes of this user id', parseUid)
    .option('--user <name>', 'only processes of this user', parseUser)
    .option('--cgroup <path>', 'only below this cgroup v2 directory (repeatable)', collect)
    .option(
      '--container <id>',
      'only this container, by its id or what it begins with (repeatable)',
      collectContainer,
    )
    .addOption(
      new Option(
        '--events <list>',
        'any of fork,exec,exit,failed-exec (default: exec,exit; with --failed exit,failed-exec)',
      ).argParser(parseEvents),
    )
    .option('--duration <time>', 'stop after this time: seconds, or 500ms, 90s, 1m', parseDuration)
    .option(
      '--summary',
      'no events, but at the end (and at SIGUSR1) who ran how often, failed, took long',
    )
    .option('--failed', 'only exits with a status other than 0 or by a signal, and failed execs')
    .option('--columns <list>', `the table's: of ${COLUMN_NAMES.join(',')}`, parseColumns)
    .addOption(new Option('--time <form>', 'times in the table').choices(TIME_FORMS))
    .option(
      '--as <user>',
      'run the COMMAND as this user: its groups, HOME, USER, LOGNAME, SHELL',
      parseUser,
    )
    .option('--tree', 'show who started whom; with --json: the ancestors of each process')
    .option(
      '--redact <regex>',
      'black out what matches in arguments, or what its groups capture (repeatable)',
      collectRegex,
    )
    .option('--environ', 'with --json: the environment of each exec, secrets included')
    .option(
      '--shell-command',
      "with --json: each exec as it can be pasted into a shell, with directory, redirections and what its environment had that its parent's had not, secrets included",
    )
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
        '  waggle trace --failed                    what exits with an error or is killed, with arguments',
        '  waggle trace --failed --duration 60      the same for a minute',
        '  waggle trace --summary -- make -j8       what takes longest, fails, and runs most in a build',
        '  waggle trace --summary --duration 10     who starts so many processes a second',
        '  waggle trace --parent "^cron$" --arg "--all"',
        '  sudo waggle trace --as "$SUDO_USER" -- make',
        '  waggle trace --json --duration 10 > events.jsonl',
        '  waggle trace -o build.html -- make -j8   what a build starts and what takes long, as a page',
        '  waggle trace -o build.db -- make -j8     the same, to be asked by SQL',
        '  waggle trace -o host.jsonl --rotate 100M --keep 10',
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
