/** `waggle doctor`: its command line. What it does is in run.ts. */

import { Command } from 'commander';
import type { DoctorOptions } from './options.ts';

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('Show what works on this machine, and what to do about the rest.')
    .option('--json', 'the same as one JSON array')
    .addHelpText(
      'after',
      '\nExample:\n  waggle doctor\n\nThe exit code is 1 when something that waggle cannot do without is missing.',
    )
    .action(async (options: DoctorOptions) => {
      const { runDoctor } = await import('./run.ts');
      process.exitCode = await runDoctor(options);
    });
}
