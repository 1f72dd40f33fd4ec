// Writes the man pages of waggle and its commands, from the command line's own definition:
//
//   bun scripts/man-pages.ts FOLDER
//
// Format: man(7).

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import packageJson from '../package.json' with { type: 'json' };
import {
  type DescribedCommand,
  type DescribedOption,
  described,
  withCommands,
} from '../src/completions/described.ts';
import { buildProgram } from '../src/program.ts';

/** Text as it is: no macro at a line's beginning, no escape, dashes that can be copied. */
function plain(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/gm, '\\&$1');
}

function bold(text: string): string {
  return `\\fB${plain(text)}\\fR`;
}

/** `-o, --output <file>`, with the names in bold and the value in italics. */
function flags(text: string): string {
  return text
    .split(/(<[^>]*>)/)
    .map((part) => (part.startsWith('<') ? `\\fI${plain(part.slice(1, -1))}\\fR` : bold(part)))
    .join('');
}

/** What the help has behind its lists, without its heading: examples, and how it behaves. */
function behind(command: DescribedCommand, help: string): string[] {
  const text = help.split('\nExamples:\n')[1] ?? help.split('\nExample:\n')[1];
  if (text === undefined) return [];
  const [examples = '', ...paragraphs] = text.trimEnd().split(/\n\n/);
  return [
    ...['.SH EXAMPLES', '.nf', plain(examples.replaceAll(/^ {2}/gm, '')), '.fi'],
    ...(paragraphs.length > 0 ? ['.SH NOTES'] : []),
    ...paragraphs.flatMap((each) => ['.PP', plain(each)]),
    '.SH SEE ALSO',
    command.path.length > 1 ? `${bold('waggle')}(1)` : `${bold('perf')}(1), ${bold('bpf')}(2)`,
  ];
}

/** As the help has it. */
function more({ choices, default: value, variable }: DescribedOption): string {
  const parts = [
    ...(choices.length > 0 ? [`choices: ${choices.join(', ')}`] : []),
    ...(value === undefined || typeof value === 'boolean' ? [] : [`default: ${String(value)}`]),
    ...(variable === undefined ? [] : [`environment: ${variable}`]),
  ];
  return parts.length > 0 ? ` (${parts.join('; ')})` : '';
}

function page(command: DescribedCommand, help: string): string {
  const name = command.path.join('-');
  const { options, commands } = command;
  const lines = [
    `.TH ${name.toUpperCase()} 1 "" "waggle ${packageJson.version}" "User Commands"`,
    '.SH NAME',
    `${plain(name)} \\- ${plain(command.description.replace(/\.$/, ''))}`,
    '.SH SYNOPSIS',
    `${bold(command.path.join(' '))} ${plain(command.usage)}`,
    '.SH OPTIONS',
    ...options.flatMap((option) => [
      '.TP',
      flags(option.flags),
      plain(option.description + more(option)),
    ]),
    ...(commands.length > 0 ? ['.SH COMMANDS'] : []),
    ...commands.flatMap((each) => [
      '.TP',
      `${bold(each.path.join('-'))}(1)`,
      plain(each.description),
    ]),
    ...behind(command, help),
  ];
  return `${lines.join('\n')}\n`;
}

function helpOf(path: readonly string[]): string {
  const program = buildProgram();
  let text = '';
  let command = program;
  for (const name of path.slice(1))
    command = command.commands.find((each) => each.name() === name) ?? command;
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
  });
  command.outputHelp();
  return text;
}

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error('usage: bun scripts/man-pages.ts FOLDER');
  process.exit(2);
}
mkdirSync(folder, { recursive: true });
for (const command of withCommands(described(buildProgram())))
  writeFileSync(join(folder, `${command.path.join('-')}.1`), page(command, helpOf(command.path)));
