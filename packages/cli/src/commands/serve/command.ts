/** `waggle serve`: its command line. What it does is in run.ts. */

import { Command, InvalidArgumentError, Option } from 'commander';
import { parseListen } from '../../options/listen.ts';
import { collect, parseDuration, parseFrequency, parsePid } from '../../options/parse.ts';
import type { ServeOptions } from './options.ts';

const USUAL_PORT = 4377;
const MIN_KEPT_SECONDS = 30;
const MAX_KEPT_SECONDS = 86_400;

function parseKeep(value: string): number {
  const seconds = parseDuration(value);
  if (seconds < MIN_KEPT_SECONDS || seconds > MAX_KEPT_SECONDS)
    throw new InvalidArgumentError('Give a time from 30s to 24h, such as 15m.');
  return seconds;
}

function collectHost(value: string, previous: readonly string[] = []): readonly string[] {
  if (!/^(?:[A-Za-z0-9_.-]+|\[[0-9a-fA-F:.]+\])$/.test(value))
    throw new InvalidArgumentError(
      'Give a name without scheme and port, such as waggle.example.org.',
    );
  return [...previous, value];
}

/** What says how to look at a host says nothing of a store. */
function refuseLiveOptions(words: readonly string[], command: Command): void {
  for (const [name, flag] of [
    ['frequency', '--frequency'],
    ['keep', '--keep'],
  ] as const)
    if (command.getOptionValueSource(name) === 'cli')
      command.error(`error: option '${flag}' cannot be used with option '--store <dir>'`);
  if (words.length > 0) command.error("error: a command cannot be run with option '--store <dir>'");
}

export function serveCommand(): Command {
  return new Command('serve')
    .description(
      'Watch processes, flame graphs and events live in a browser, and answer other tools over HTTP.',
    )
    .usage('[options] [-- COMMAND [ARG...]]')
    .argument('[command...]', 'run this command and watch it and its descendants')
    .passThroughOptions()
    .addOption(
      new Option('--listen <host:port>', 'where to listen; other than loopback only behind TLS')
        .argParser((value) => parseListen(value, USUAL_PORT))
        .default({ hostname: '127.0.0.1', port: USUAL_PORT }, `127.0.0.1:${USUAL_PORT}`),
    )
    .addOption(
      new Option('-F, --frequency <hz>', 'samples a second on each CPU')
        .argParser(parseFrequency)
        .default(99),
    )
    .option('-p, --pid <pid...>', 'only these processes and their descendants', parsePid)
    .option('--cgroup <path>', 'only below this cgroup v2 directory (repeatable)', collect)
    .addOption(
      new Option('--keep <duration>', 'how long anything is kept, in memory')
        .argParser(parseKeep)
        .default(900, '15m'),
    )
    .option('--token-file <file>', 'the token is in this file, which is made if it is not there')
    .option(
      '--allow-host <name>',
      "a proxy's name under which it may be asked (repeatable)",
      collectHost,
    )
    .addOption(
      new Option(
        '--store <dir>',
        'show what an agent has kept there, in place of what happens now',
      ).conflicts(['pid', 'cgroup']),
    )
    .option('--reveal', 'show whole arguments to everybody with the token; they may hold secrets')
    .addHelpText(
      'after',
      [
        '',
        'Examples:',
        '  waggle serve                              the whole host; open the URL that it prints',
        '  waggle serve -p 4242                      a process and its descendants',
        '  waggle serve -- ./app                     a command',
        '  waggle serve --store /var/lib/waggle      what `waggle agent` has kept',
        '  waggle serve --token-file /etc/waggle.token --listen 127.0.0.1:9477',
        '',
        'The URL has a token, TOKEN below. Other tools ask with it:',
        "  go tool pprof 'http://127.0.0.1:4377/debug/pprof/profile?seconds=10&token=TOKEN'",
        "  curl -N -H 'Authorization: Bearer TOKEN' http://127.0.0.1:4377/api/events | jq",
        '  Prometheus scrapes /metrics; /openapi.json describes everything there is.',
      ].join('\n'),
    )
    .action(async (words: string[], options: ServeOptions, command: Command) => {
      if (options.store === undefined) {
        const { runServe } = await import('./run.ts');
        process.exitCode = await runServe(options, words);
        return;
      }
      refuseLiveOptions(words, command);
      const { runServeStore } = await import('./run-store.ts');
      process.exitCode = await runServeStore(options, options.store);
    });
}
