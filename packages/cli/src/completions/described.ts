/**
 * The command line as plain data, from commander's own definition: what completions and man pages are made
 * of, so that neither can forget an option.
 */

import type { Argument, Command, Option } from 'commander';

/** What a value is, as far as a shell can offer any. */
export type ValueKind = 'file' | 'folder' | 'pid' | 'user' | 'program' | 'other';

export interface DescribedOption {
  /** `-o` and `--output`. */
  readonly names: readonly string[];
  /** As in the help: `-o, --output <file>`. */
  readonly flags: string;
  readonly description: string;
  /** undefined: it takes none. */
  readonly value: ValueKind | undefined;
  /** The only values there are; of nothing else if empty. */
  readonly choices: readonly string[];
  readonly default: unknown;
  /** A variable of the environment that says the same. */
  readonly variable: string | undefined;
}

export interface DescribedArgument {
  readonly name: string;
  readonly description: string;
  readonly value: ValueKind;
  /** As of an option. */
  readonly choices: readonly string[];
  readonly isRequired: boolean;
  readonly isRepeated: boolean;
}

export interface DescribedCommand {
  /** From the program's own name on: `waggle bpf build`. */
  readonly path: readonly string[];
  readonly description: string;
  readonly usage: string;
  readonly options: readonly DescribedOption[];
  readonly arguments: readonly DescribedArgument[];
  readonly commands: readonly DescribedCommand[];
}

/** What commander has and its types lack. */
interface Untyped {
  readonly argChoices?: readonly string[];
  readonly envVar?: string;
}

/** By the name of a value in the help, without its dots. */
const KINDS: Readonly<Record<string, ValueKind>> = {
  file: 'file',
  where: 'file',
  input: 'file',
  output: 'file',
  agent: 'file',
  before: 'file',
  after: 'file',
  path: 'folder',
  pid: 'pid',
  user: 'user',
  command: 'program',
};

export function described(command: Command, above: readonly string[] = []): DescribedCommand {
  const path = [...above, command.name()];
  const help = command.createHelp();
  return {
    path,
    description: command.description(),
    usage: command.usage(),
    options: help.visibleOptions(command).map(describedOption),
    arguments: command.registeredArguments.map(describedArgument),
    commands: help
      .visibleCommands(command)
      .filter((each) => each.name() !== 'help')
      .map((each) => described(each, path)),
  };
}

function describedOption(option: Option & Untyped): DescribedOption {
  const value = /<([^>]+)>/.exec(option.flags)?.[1]?.replace('...', '');
  return {
    names: [option.short, option.long].filter((name) => name != null),
    flags: option.flags,
    description: option.description,
    value: value === undefined ? undefined : (KINDS[value] ?? 'other'),
    choices: option.argChoices ?? [],
    default: option.defaultValue,
    variable: option.envVar,
  };
}

function describedArgument(argument: Argument & Untyped): DescribedArgument {
  return {
    name: argument.name(),
    description: argument.description,
    value: KINDS[argument.name()] ?? 'other',
    choices: argument.argChoices ?? [],
    isRequired: argument.required,
    isRepeated: argument.variadic,
  };
}

/** It and all below it. */
export function withCommands(command: DescribedCommand): readonly DescribedCommand[] {
  return [command, ...command.commands.flatMap(withCommands)];
}
