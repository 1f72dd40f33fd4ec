#!/usr/bin/env -S bun --config=/dev/null --no-env-file --no-install --tsconfig-override=/dev/null
/**
 * The waggle command. Each subcommand's code is imported only when it runs, so that --help
 * answers at once.
 */

import { CommanderError } from 'commander';
import { asksForVersion, versionCommand } from './commands/version/command.ts';
import { applyDefaults } from './defaults/apply.ts';
import { BadConfig, configFiles } from './defaults/config-file.ts';
import { FAILED, USAGE_ERROR } from './exit-code.ts';
import { buildProgram } from './program.ts';
import { sayInternal, sayUncaught } from './terminal/internal-error.ts';
import { say } from './terminal/messages.ts';

function failUnexpectedly(problem: unknown): never {
  sayInternal(problem);
  process.exit(FAILED);
}

const UNCAUGHT = ['uncaughtException', 'unhandledRejection'] as const;

/** Unless the agent has a listener of its own for them. */
function failByAgent(kind: (typeof UNCAUGHT)[number]): (problem: unknown) => void {
  return (problem) => {
    if (process.listenerCount(kind as 'uncaughtException') > 1) return;
    sayUncaught(problem);
    process.exit(FAILED);
  };
}

// No await at the top: the bundle is made in a form that engines can keep compiled, which has none.
async function main(): Promise<void> {
  for (const kind of UNCAUGHT)
    process.on(kind, process.argv[2] === 'run' ? failByAgent(kind) : failUnexpectedly);
  try {
    if (asksForVersion(process.argv.slice(2))) {
      await versionCommand();
      return;
    }
    const files = configFiles(process.env);
    // What files say of any command is checked.
    const program = buildProgram(files.length > 0 ? undefined : process.argv[2]);
    // `config` says what they are, and help what there is.
    if (process.argv[2] !== 'config') applyDefaults(program, files, process.env);
    await program.parseAsync(process.argv);
  } catch (error) {
    if (error instanceof BadConfig) {
      say(error.message);
      process.exitCode = USAGE_ERROR;
      return;
    }
    if (!(error instanceof CommanderError)) failUnexpectedly(error);
    // Help and version end here too, with 0; everything else is a mistake in the command line.
    process.exitCode = error.exitCode === 0 ? 0 : USAGE_ERROR;
  }
}

main();
