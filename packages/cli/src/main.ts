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
import { sayInternal } from './terminal/internal-error.ts';
import { say } from './terminal/messages.ts';

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
