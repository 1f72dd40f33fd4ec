/** `waggle agent`: its command line. What it does is in run.ts. */

import { Command, InvalidArgumentError, Option } from 'commander';
import { parseListen } from '../../options/listen.ts';
import { collectRegex, parseDuration, parseFrequency } from '../../options/parse.ts';
import { defaultStore } from '../../store/place.ts';
import type { AgentOptions } from './options.ts';
import { DEFAULTS, parseKeep, parseSize, USUAL_METRICS_PORT } from './values.ts';

/** Commander's message for a value that is none. */
function asOption<Value>(parse: (text: string) => Value | undefined, hint: string) {
  return (text: string): Value => {
    const value = parse(text);
    if (value === undefined) throw new InvalidArgumentError(hint);
    return value;
  };
}

export function agentCommand(): Command {
  return new Command('agent')
    .description(
      'Keep what happens on this host for months: processes from birth to end, failures, a low-rate profile.',
    )
    .option('--config <file>', 'settings as JSON; SIGHUP reads them again. Options count more')
    .option('--store <dir>', `where it is kept (default: ${defaultStore()})`)
    .addOption(
      new Option('--keep <age>', `how long (default: ${DEFAULTS.keep})`).argParser(
        asOption(parseKeep, 'Give an age from 1m on, such as 12h, 7d or 8w.'),
      ),
    )
    .addOption(
      new Option('--max-size <size>', `and how much (default: ${DEFAULTS.maxSize})`).argParser(
        asOption(parseSize, 'Give a size from 16M on, such as 500M or 2G.'),
      ),
    )
    .addOption(
      new Option(
        '-F, --frequency <hz>',
        `samples a second on each CPU (default: ${DEFAULTS.frequency})`,
      ).argParser(parseFrequency),
    )
    .addOption(
      new Option('--metrics <host:port>', 'answer Prometheus at /metrics, and /health').argParser(
        (value) => parseListen(value, USUAL_METRICS_PORT),
      ),
    )
    .option(
      '--token-file <file>',
      'the token that --metrics asks for; beyond loopback it needs one',
    )
    .option(
      '--redact <regex>',
      'black out what it matches, beside what looks like a secret (repeatable)',
      collectRegex,
    )
    .option('--reveal', 'keep arguments as they are; they may hold secrets')
    .option('-d, --duration <seconds>', 'end after this time', parseDuration)
    .addHelpText(
      'after',
      [
        '',
        'Examples:',
        '  waggle agent                                  to be started by systemd: docs/agent.md',
        '  waggle agent --store /srv/waggle --keep 30d --max-size 10G',
        '  waggle agent --metrics 127.0.0.1:9478         for Prometheus',
        '  waggle history --failed --since 1h            what it has kept',
      ].join('\n'),
    )
    .action(async (options: AgentOptions) => {
      const { runAgent } = await import('./run.ts');
      process.exitCode = await runAgent(options);
    });
}
