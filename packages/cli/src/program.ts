/** The command line as a whole: what main.ts parses by, and completions and man pages are made of. */

import { writeSync } from 'node:fs';
// Alone: --help loads nothing else of core.
import { writeToStderr } from '@waggle/ffi/stderr';
import { isSystemError } from '@waggle/symbols/system-error';
import { printable } from '@waggle/text';
import { Command, type OutputConfiguration } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { agentCommand } from './commands/agent/command.ts';
import { bpfCommand } from './commands/bpf/command.ts';
import { completionsCommand } from './commands/completions/command.ts';
import { configCommand } from './commands/config/command.ts';
import { convertCommand } from './commands/convert/command.ts';
import { diffCommand } from './commands/diff/command.ts';
import { doctorCommand } from './commands/doctor/command.ts';
import { historyCommand } from './commands/history/command.ts';
import { psCommand } from './commands/ps/command.ts';
import { recordCommand } from './commands/record/command.ts';
import { runCommand } from './commands/run/command.ts';
import { serveCommand } from './commands/serve/command.ts';
import { topCommand } from './commands/top/command.ts';
import { traceCommand } from './commands/trace/command.ts';
import { colorOption } from './options/color-option.ts';
import { isTerminal } from './terminal/is-terminal.ts';
import { showByPager } from './terminal/pager.ts';

const STDOUT = 1;
const STDERR = 2;
/** Of help that goes to no terminal. */
const COLUMNS = 80;

/** By name, so that a command does not describe the options of all the others first. */
const COMMANDS: Readonly<Record<string, () => Command>> = {
  trace: traceCommand,
  record: recordCommand,
  top: topCommand,
  serve: serveCommand,
  agent: agentCommand,
  history: historyCommand,
  convert: convertCommand,
  diff: diffCommand,
  ps: psCommand,
  doctor: doctorCommand,
  run: runCommand,
  bpf: bpfCommand,
  config: configCommand,
  completions: completionsCommand,
};
/** Those that print with colours; the screen of `top` has themes. */
const COLOURED: readonly string[] = ['trace', 'history', 'diff', 'ps', 'doctor'];
/** What prints something of all the others. */
const OF_ALL: readonly string[] = ['config', 'completions'];

/**
 * Nothing of what commands do is loaded before one runs.
 *
 * @param word the first of the command line: with the name of a command, the program has that one alone
 */
export function buildProgram(word?: string): Command {
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
        '  waggle top                            processes and flame graph, live',
        '  waggle serve                          the same in a browser, and for pprof and Prometheus',
        '  waggle agent                          keep what happens, for months',
        '  waggle history --failed --since 1h    what failed in the last hour, of what the agent kept',
        '  waggle convert app.pb.gz app.html     a profile in another format, here as a page',
        '  waggle diff old.pb.gz new.pb.gz       what changed between two profiles',
        '  waggle ps 4242                        who a process is, secrets hidden',
        '  waggle doctor                         what works on this machine',
        '  waggle run agent.ts                   an agent of your own',
        '  waggle bpf build opens.bpf.c          BPF of your own, for an agent',
      ].join('\n'),
    );
  const chosen = Object.entries(COMMANDS).filter(
    ([name]) => name === word && !OF_ALL.includes(name),
  );
  for (const [name, command] of chosen.length > 0 ? chosen : Object.entries(COMMANDS)) {
    const made = command();
    program.addCommand(COLOURED.includes(name) ? made.addOption(colorOption()) : made);
  }
  for (const command of withSubcommands(program)) command.exitOverride().configureOutput(OUTPUT);
  return program;
}

/** Without process.stdout where there is no terminal: the runtime's streams take it 10 ms of CPU to load. */
const OUTPUT: OutputConfiguration = {
  writeOut: writeHelp,
  writeErr: writeToStderr,
  outputError: writeMistake,
  getOutHelpWidth: () => (isTerminal(STDOUT) ? process.stdout.columns : COLUMNS),
  getErrHelpWidth: () => (isTerminal(STDERR) ? process.stderr.columns : COLUMNS),
  // There are none to be taken out.
  getOutHasColors: () => true,
  getErrHasColors: () => true,
};

function withSubcommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}

/** `waggle --help | head`: nobody reads on, which is no error. */
function writeHelp(text: string): void {
  if (showByPager(text)) return;
  try {
    writeSync(STDOUT, text);
  } catch (error) {
    if (!isSystemError(error) || error.code !== 'EPIPE') throw error;
  }
}

/** What was typed is repeated, and may come from a script's variable: no terminal acts upon it. */
function writeMistake(text: string, write: (text: string) => void): void {
  const [, mistake = '', suggestion = ''] =
    /^([\s\S]*?)(\n\(Did you mean [^\n]*\))?\n?$/.exec(text) ?? [];
  write(`${printable(mistake)}${suggestion}\n`);
}
