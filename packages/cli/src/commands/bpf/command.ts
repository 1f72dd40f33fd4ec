/** `waggle bpf`: its command line. What it does is in run.ts. */

import { Command } from 'commander';
import type { BpfBuildOptions } from './options.ts';

export function bpfCommand(): Command {
  return new Command('bpf')
    .description('BPF programs of your own, for agents.')
    .enablePositionalOptions()
    .addCommand(buildCommand());
}

function buildCommand(): Command {
  return new Command('build')
    .description(
      'Compile NAME.bpf.c and write NAME.bpf.ts beside it: the object for x86_64 and aarch64, and the ' +
        'types of its maps, records and settings. Needs clang (apt-get install clang).',
    )
    .argument('<file...>', 'C files called NAME.bpf.c')
    .option('-o, --output <file>', 'where the module goes, of one C file')
    .option('--check', 'only say whether the modules are up to date: 1 where one is not')
    .option(
      '--import-from <package>',
      'what the module imports from; @waggle/bpf in programs without @waggle/core',
    )
    .addHelpText(
      'after',
      [
        '',
        'Examples:',
        '  waggle bpf build opens.bpf.c             writes opens.bpf.ts',
        '  waggle bpf build opens.bpf.c -o src/opens.ts',
        '  waggle bpf build --check src/*.bpf.c     in CI',
        '',
        'CLANG=clang-19 in the environment chooses the compiler.',
      ].join('\n'),
    )
    .action(async (files: readonly string[], options: BpfBuildOptions) => {
      const { runBpfBuild } = await import('./run.ts');
      process.exitCode = runBpfBuild(files, options);
    });
}
