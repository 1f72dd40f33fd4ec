/** `waggle top`: its command line. What it does is in run.ts. */

import { Command, InvalidArgumentError, Option } from 'commander';
import {
  collect,
  collectContainer,
  parseFrequency,
  parsePid,
  parseUser,
} from '../../options/parse.ts';
import { parseMoment } from '../../store/moment.ts';
import type { TopOptions } from './options.ts';

const FASTEST_SECONDS = 0.1;
const SLOWEST_SECONDS = 60;

function parseRefresh(value: string): number {
  const seconds = Number(value);
  if (!(seconds >= FASTEST_SECONDS && seconds <= SLOWEST_SECONDS))
    throw new InvalidArgumentError('Give seconds from 0.1 to 60, such as 0.5.');
  return seconds;
}

function moment(value: string): bigint {
  const ns = parseMoment(value, Date.now());
  if (ns === undefined)
    throw new InvalidArgumentError('Give a time such as 03:17, "yesterday 22:00" or 15m (ago).');
  return ns;
}

/** What a session alone can do. */
const OF_A_SESSION = ['pid', 'cgroup', 'container', 'as', 'lines', 'environ'];

export function topCommand(): Command {
  return new Command('top')
    .description('Watch processes, flame graph, functions and events live in the terminal.')
    .usage('[options] [-- COMMAND [ARG...]]')
    .argument('[command...]', 'run this command and watch it and its descendants')
    .passThroughOptions()
    .addOption(
      new Option('-F, --frequency <hz>', 'samples a second on each CPU')
        .argParser(parseFrequency)
        .default(99),
    )
    .option('-p, --pid <pid...>', 'only these processes and their descendants', parsePid)
    .option('--cgroup <path>', 'only below this cgroup v2 directory (repeatable)', collect)
    .option(
      '--container <id>',
      'only this container, by its id or what it begins with (repeatable)',
      collectContainer,
    )
    .option(
      '--as <user>',
      'run the COMMAND as this user: its groups, HOME, USER, LOGNAME, SHELL',
      parseUser,
    )
    .option('--lines', 'source lines of functions, where debug information has them')
    .option(
      '--environ',
      "keep environments: a command that is copied has what its parent's had not, secrets included",
    )
    .addOption(
      new Option(
        '--store <dir>',
        'replay what an agent kept in this folder, in place of what happens',
      ).conflicts(OF_A_SESSION),
    )
    .addOption(
      new Option('--at <time>', 'begin the replay there (default: the last that is kept)')
        .argParser(moment)
        .conflicts(OF_A_SESSION),
    )
    .option('--reveal', 'show whole arguments from the beginning; they may hold secrets')
    .option('--no-mouse', 'leave the mouse to the terminal, for selecting text')
    .option(
      '--screen-reader',
      'lines of text in place of pictures, for screen readers, braille and terminals without a cursor',
    )
    .addOption(
      new Option(
        '--refresh <seconds>',
        'time between two pictures (default: 0.25), or reports of --screen-reader (default: 5)',
      ).argParser(parseRefresh),
    )
    .addHelpText(
      'after',
      [
        '',
        'Examples:',
        '  waggle top                      the whole host',
        '  waggle top -p 4242              a process and its descendants',
        '  waggle top --cgroup /sys/fs/cgroup/system.slice/nginx.service',
        '  waggle top --container 4f1d     a container',
        '  waggle top -F 999 -- ./app      a command, sampled often; its terminal is the view Output',
        '  waggle top --store /var/lib/waggle --at 03:17    as it was; left, right and space move through time',
        '  waggle top --screen-reader      what is busy, starts and fails, in words',
        '',
        '? shows all keys, q quits.',
      ].join('\n'),
    )
    .action(async (command: string[], options: TopOptions) => {
      if (options.store !== undefined || options.at !== undefined) {
        const { runReplay } = await import('./run-replay.ts');
        process.exitCode = await runReplay(options, command);
        return;
      }
      const { runTop } = await import('./run.ts');
      process.exitCode = await runTop(options, command);
    });
}
