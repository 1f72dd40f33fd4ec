#!/usr/bin/env -S bun --config=/dev/null --no-env-file --no-install --tsconfig-override=/dev/null
/**
 * The waggle command. Each subcommand's code is imported only when it runs, so that --help
 * answers at once.
 */

import { writeSync } from 'node:fs';
// Alone: --help loads nothing else of core.
import { printable } from '@waggle/text';
import { Command, CommanderError } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { convertCommand } from './commands/convert/command.ts';
import { diffCommand } from './commands/diff/command.ts';
import { doctorCommand } from './commands/doctor/command.ts';
import { psCommand } from './commands/ps/command.ts';
import { recordCommand } from './commands/record/command.ts';
import { runCommand } from './commands/run/command.ts';
import { traceCommand } from './commands/trace/command.ts';
import { FAILED, USAGE_ERROR } from './exit-code.ts';
import { sayInternal } from './terminal/internal-error.ts';

function buildProgram(): Command {
  const program = new Command('waggle')
    .description('What every process on this Linux host is doing: lifecycles and CPU profiles.')
    .version(packageJson.version)
    .enablePositionalOptions()
    .showHelpAfterError('(waggle --help shows the usage)')
    .addHelpText(
      'after',
      [
        '',
        'Examples:',
        '  waggle trace                          every exec and exit on this host',
        '  waggle trace --json -- make           what a build starts, as JSON lines',
        '  waggle record -o flame.svg -- ./app   where a command spends its CPU time',
        '  waggle record -a -d 10                the whole host for ten seconds',
        '  waggle convert app.pb.gz app.html     a profile in another format, here as a page',
        '  waggle diff old.pb.gz new.pb.gz       what changed between two profiles',
        '  waggle ps 4242                        who a process is, secrets hidden',
        '  waggle doctor                         what works on this machine',
        '  waggle run agent.ts                   an agent of your own',
      ].join('\n'),
    );
  for (const command of [
    traceCommand(),
    recordCommand(),
    convertCommand(),
    diffCommand(),
    psCommand(),
    doctorCommand(),
    runCommand(),
  ])
    program.addCommand(command);
  for (const command of [program, ...program.commands])
    command.exitOverride().configureOutput({ writeOut: writeHelp, outputError: writeMistake });
  return program;
}

/** `waggle --help | head`: nobody reads on, which is no error. */
function writeHelp(text: string): void {
  try {
    writeSync(process.stdout.fd, text);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error;
  }
}

/** What was typed is repeated, and may come from a script's variable: no terminal acts upon it. */
function writeMistake(text: string, write: (text: string) => void): void {
  const [, mistake = '', suggestion = ''] =
    /^([\s\S]*?)(\n\(Did you mean [^\n]*\))?\n?$/.exec(text) ?? [];
  write(`${printable(mistake)}${suggestion}\n`);
}

function failUnexpectedly(problem: unknown): never {
  sayInternal(problem);
  process.exit(FAILED);
}

// No await at the top: the bundle is made in a form that engines can keep compiled, which has none.
async function main(): Promise<void> {
  // An agent's mistakes are its author's to see, with the engine's own words and place.
  if (process.argv[2] !== 'run') {
    process.on('uncaughtException', failUnexpectedly);
    process.on('unhandledRejection', failUnexpectedly);
  }
  try {
    await buildProgram().parseAsync(process.argv);
  } catch (error) {
    if (!(error instanceof CommanderError)) failUnexpectedly(error);
    // Help and version end here too, with 0; everything else is a mistake in the command line.
    process.exitCode = error.exitCode === 0 ? 0 : USAGE_ERROR;
  }
}

main();
