/** `waggle agent`: its command line. What it does is in run.ts. */

import { Command, InvalidArgumentError, Option } from 'commander';
import { parseListen } from '../../options/listen.ts';
import { collectRegex, parseDuration, parseFrequency } from '../../options/parse.ts';
import { defaultStore } from '../../store/place.ts';
import type { AgentOptions } from './options.ts';
import {
  DEFAULTS,
  PROTOCOLS,
  parseAttribute,
  parseCpuShare,
  parseKeep,
  parseMemory,
  parseProtocol,
  parseSignals,
  parseSize,
  parseSpoolSize,
  USUAL_METRICS_PORT,
  USUAL_SERVE_PORT,
} from './values.ts';

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
    .option('--no-store', 'keep nothing: with --otlp or --metrics')
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
      new Option(
        '--max-cpu <percent>',
        `of one CPU; beyond it the profile, then processes are given up and counted (default: ${DEFAULTS.maxCpu})`,
      ).argParser(asOption(parseCpuShare, 'Give per cent of one CPU from 1 on, such as 50.')),
    )
    .addOption(
      new Option(
        '--max-memory <size>',
        `the same for memory (default: ${DEFAULTS.maxMemory})`,
      ).argParser(asOption(parseMemory, 'Give a size from 128M on, such as 512M.')),
    )
    .addOption(
      new Option('--metrics <host:port>', 'answer Prometheus at /metrics, and /health').argParser(
        (value) => parseListen(value, USUAL_METRICS_PORT),
      ),
    )
    .addOption(
      new Option(
        '--serve <host:port>',
        'the page of `waggle serve`, of the last five minutes; with --token-file',
      ).argParser((value) => parseListen(value, USUAL_SERVE_PORT)),
    )
    .option(
      '--token-file <file>',
      'the token that --metrics (beyond loopback) and --serve ask for; made where it is not there',
    )
    .option(
      '--otlp <url>',
      'send logs, metrics and profiles to a receiver of OTLP, such as http://127.0.0.1:4318',
    )
    .addOption(
      new Option(
        '--otlp-protocol <protocol>',
        `${PROTOCOLS.join(' or ')} (default: ${PROTOCOLS[0]})`,
      ).argParser(asOption(parseProtocol, `Give ${PROTOCOLS.join(' or ')}.`)),
    )
    .option('--otlp-headers <file>', 'lines of name: value that are sent too; mode 0600')
    .option('--otlp-ca <file>', 'certificates (PEM) that the receiver is checked against')
    .option('--otlp-cert <file>', 'our certificate (PEM), with --otlp-key')
    .option('--otlp-key <file>', 'its key (PEM); mode 0600')
    .addOption(
      new Option('--otlp-signals <list>', 'of logs,metrics,profiles (default: all)').argParser(
        asOption((text) => parseSignals(text.split(',')), 'Give some of logs,metrics,profiles.'),
      ),
    )
    .addOption(
      new Option(
        '--otlp-resource <name=value>',
        'an attribute of the resource (repeatable)',
      ).argParser((text, before: Readonly<Record<string, string>> = {}) => {
        const attribute = parseAttribute(text);
        if (attribute === undefined)
          throw new InvalidArgumentError(
            'Give NAME=VALUE, such as deployment.environment.name=test.',
          );
        return { ...before, [attribute[0]]: attribute[1] };
      }),
    )
    .option('--otlp-spool <dir>', 'where it waits for the receiver (default: in the store)')
    .addOption(
      new Option(
        '--otlp-spool-size <size>',
        `and how much (default: ${DEFAULTS.otlpSpoolSize})`,
      ).argParser(asOption(parseSpoolSize, 'Give a size from 1M on, such as 64M or 2G.')),
    )
    .option(
      '--redact <regex>',
      'black out what it matches, beside what looks like a secret (repeatable)',
      collectRegex,
    )
    .option('--reveal', 'keep arguments as they are; they may hold secrets')
    .option('--schema', 'print the JSON Schema of the file, and end')
    .option('-d, --duration <seconds>', 'end after this time', parseDuration)
    .addHelpText(
      'after',
      [
        '',
        'Examples:',
        '  waggle agent                                  to be started by systemd: docs/agent.md',
        '  waggle agent --store /srv/waggle --keep 30d --max-size 10G',
        '  waggle agent --metrics 127.0.0.1:9478         for Prometheus',
        '  waggle agent --otlp https://collector.example:4318 --otlp-headers /etc/waggle/headers',
        '  waggle history --failed --since 1h            what it has kept',
      ].join('\n'),
    )
    .action(async (options: AgentOptions) => {
      const { runAgent } = await import('./run.ts');
      process.exitCode = await runAgent(options);
    });
}
