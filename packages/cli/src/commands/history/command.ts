/** `waggle history`: its command line. What it does is in run.ts, run-profile.ts and run-sql.ts. */

import { Command, InvalidArgumentError, Option } from 'commander';
import { collect, parseCount, parsePid, parseRegex } from '../../options/parse.ts';
import { parseMoment } from '../../store/moment.ts';
import { defaultStore } from '../../store/place.ts';
import type { HistoryOptions, HistoryProfileOptions, HistorySqlOptions, Span } from './options.ts';

function moment(value: string): bigint {
  const ns = parseMoment(value, Date.now());
  if (ns === undefined)
    throw new InvalidArgumentError(
      'Give a time such as 03:17, "yesterday 22:00", "2026-11-29 03:17", 15m (ago) or now.',
    );
  return ns;
}

/** `03:00..03:05` */
function span(value: string): Span {
  const [since, until, ...rest] = value.split('..');
  if (since === undefined || until === undefined || rest.length > 0)
    throw new InvalidArgumentError('Give two times, such as 03:00..03:05.');
  const found = { since: moment(since), until: moment(until) };
  if (found.since >= found.until)
    throw new InvalidArgumentError('Its second time is to be later than its first.');
  return found;
}

const storeOption = () =>
  new Option('--store <dir>', 'the folder that an agent writes to').default(
    defaultStore(),
    defaultStore(),
  );
const sinceOption = () => new Option('--since <time>', 'from then on').argParser(moment);
const untilOption = () => new Option('--until <time>', 'until then').argParser(moment);

export function historyCommand(): Command {
  return new Command('history')
    .description(
      'What ran on this host, and where its CPU time went, from what `waggle agent` kept.',
    )
    .addOption(storeOption())
    .addOption(sinceOption())
    .addOption(untilOption())
    .addOption(
      new Option('--at <time>', 'who ran at that moment, as a tree')
        .argParser(moment)
        .conflicts(['since', 'until', 'failed', 'summary']),
    )
    .option('--failed', 'failed execs, exits other than 0 and ends by a signal, by when they ended')
    .option('--comm <regex>', 'processes of these names', parseRegex)
    .option('--summary', 'the span in figures: by program, what is missing, pressure')
    .addOption(
      new Option(
        '-o, --output <file>',
        'write what ran to it: .parquet, .jsonl, or as events .csv, .html, .pftrace, .db (repeatable)',
      )
        .argParser(collect)
        .conflicts(['at', 'summary', 'json', 'limit']),
    )
    .option('--limit <n>', 'the newest so many; --json has no limit unless it is given', parseCount)
    .option('--json', 'one JSON object a line')
    .addHelpText(
      'after',
      [
        '',
        'Times: 03:17, "yesterday 22:00", "2026-11-29 03:17", 2026-11-29T03:17:00Z, 15m (ago), now.',
        '',
        'Examples:',
        '  waggle history --since 15m                       what ran in the last quarter of an hour',
        '  waggle history --failed --since 03:15 --until 03:20',
        '  waggle history --at 03:17                        who was there',
        '  waggle history --summary --since 1d              programs by CPU time, failures, gaps',
        '  waggle history profile --since 03:15 --until 03:20 -o flame.html',
        '  waggle history --since 1d -o day.parquet           for DuckDB, ClickHouse, pandas',
        "  waggle history sql 'SELECT comm, count(*) FROM processes GROUP BY comm'",
      ].join('\n'),
    )
    .addCommand(profileCommand())
    .addCommand(sqlCommand())
    .action(async (options: HistoryOptions) => {
      const { runHistory } = await import('./run.ts');
      process.exitCode = await runHistory(options);
    });
}

function profileCommand(): Command {
  return new Command('profile')
    .description('The CPU profile of a span, in any format that `waggle record` writes.')
    .addOption(storeOption())
    .addOption(sinceOption())
    .addOption(untilOption())
    .option('-o, --output <file>', 'write it there, by its extension (repeatable)', collect)
    .option('-p, --pid <pid>', 'of this process', (value) => parsePid(value)[0])
    .option('--comm <regex>', 'of processes of these names', parseRegex)
    .addOption(
      new Option(
        '--compare <from..to>',
        'what has changed since that span, as `waggle diff` says it',
      ).argParser(span),
    )
    .addHelpText(
      'after',
      [
        '',
        'Examples:',
        '  waggle history profile --since 03:15 --until 03:20 -o flame.svg',
        '  waggle history profile --since 1h --comm ^nginx$ -o nginx.pb.gz',
        '  waggle history profile --since 03:15 --until 03:20 --compare 03:00..03:05 -o diff.html',
      ].join('\n'),
    )
    .action(async (_: HistoryProfileOptions, command: Command) => {
      const options = command.optsWithGlobals<HistoryProfileOptions>();
      if (options.compare !== undefined) {
        const { runComparison } = await import('./run-comparison.ts');
        process.exitCode = await runComparison(options, options.compare);
        return;
      }
      const { runHistoryProfile } = await import('./run-profile.ts');
      process.exitCode = await runHistoryProfile(options);
    });
}

function sqlCommand(): Command {
  return new Command('sql')
    .description('Ask the store in SQL (SQLite). Nothing can be changed by it.')
    .argument('<question>', 'a SELECT')
    .addOption(storeOption())
    .option('--limit <n>', 'rows at most; --json has no limit unless it is given', parseCount)
    .option('--json', 'one JSON object a line')
    .addHelpText(
      'after',
      [
        '',
        'Views: processes, failed_execs, cgroups. Tables: process, image, failure, loss, gap, host, profile. Times in them are',
        'nanoseconds since 1970; the views have `start`, `end` and `time` as text, in UTC, too.',
        '',
        'Examples:',
        "  waggle history sql 'SELECT comm, count(*) AS n FROM processes GROUP BY comm ORDER BY n DESC LIMIT 10'",
        "  waggle history sql --json 'SELECT * FROM failed_execs'",
      ].join('\n'),
    )
    .action(async (question: string, _: HistorySqlOptions, command: Command) => {
      const { runHistorySql } = await import('./run-sql.ts');
      process.exitCode = await runHistorySql(question, command.optsWithGlobals());
    });
}
