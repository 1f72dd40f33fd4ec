/**
 * Defaults of people's own for a command's options: of files, and above them of variables WAGGLE_COMMAND_OPTION.
 * What the command line says counts more; options that can be repeated are added to. Values go through the
 * same checks as on the command line.
 */

import { type Command, InvalidArgumentError, type Option } from 'commander';
import { BadConfig, type ConfigFile } from './config-file.ts';

/** What holds of an option, and from where. */
export interface AppliedDefault {
  readonly command: string;
  /** As on the command line, without its dashes. */
  readonly option: string;
  /** As it was written. */
  readonly value: unknown;
  /** A file's path, or a variable. */
  readonly from: string;
}

const PREFIX = 'WAGGLE_';
const YES = new Set(['1', 'true', 'yes']);
const NO = new Set(['0', 'false', 'no', '']);

/** Sets them in every command of the program. @throws BadConfig */
export function applyDefaults(
  program: Command,
  files: readonly ConfigFile[],
  env: Readonly<Record<string, string | undefined>>,
): AppliedDefault[] {
  for (const { path, defaults } of files)
    for (const [name, options] of Object.entries(defaults))
      checkNames(program, path, name, options);
  // As for most: then no option's variable has to be spelled.
  if (files.length === 0 && !Object.keys(env).some((name) => name.startsWith(PREFIX))) return [];
  return program.commands.flatMap((command) =>
    optionsOf(command).flatMap((option): AppliedDefault[] => {
      const found = lastOf(command, option, files, env);
      if (found === undefined) return [];
      apply(command, option, found);
      return [found];
    }),
  );
}

function checkNames(program: Command, path: string, name: string, options: object): void {
  const command = program.commands.find((each) => each.name() === name);
  if (command === undefined)
    throw new BadConfig(
      `${path}: there is no command ${JSON.stringify(name)}; there are ${program.commands.map((each) => each.name()).join(', ')}`,
    );
  const known = optionsOf(command).map(nameOf);
  for (const option of Object.keys(options))
    if (!known.includes(option))
      throw new BadConfig(
        `${path}: ${name} has no option ${JSON.stringify(option)}; see waggle ${name} --help`,
      );
}

function optionsOf(command: Command): readonly Option[] {
  return command.options.filter(({ long }) => long !== undefined && long !== '--version');
}

function nameOf({ long }: Option): string {
  return long?.slice(2) ?? '';
}

/** `WAGGLE_RECORD_MAX_RATE` */
function variableOf(command: Command, option: Option): string {
  return `${PREFIX}${command.name()}_${nameOf(option)}`.replaceAll('-', '_').toUpperCase();
}

function lastOf(
  command: Command,
  option: Option,
  files: readonly ConfigFile[],
  env: Readonly<Record<string, string | undefined>>,
): AppliedDefault | undefined {
  const place = { command: command.name(), option: nameOf(option) };
  const variable = variableOf(command, option);
  const value = env[variable];
  if (value !== undefined) return { ...place, value, from: variable };
  for (const { path, defaults } of files.toReversed()) {
    const held = defaults[place.command]?.[place.option];
    if (held !== undefined) return { ...place, value: held, from: path };
  }
  return undefined;
}

function apply(command: Command, option: Option, { value, from, ...place }: AppliedDefault): void {
  const wrong = (why: string) =>
    new BadConfig(`${from}: --${place.option} of ${place.command}: ${why}`);
  const name = option.attributeName();
  if (!option.required && !option.optional) {
    const wanted = typeof value === 'boolean' ? value : flagOf(String(value));
    if (wanted === undefined) throw wrong(`${JSON.stringify(value)} is neither true nor false`);
    if (wanted) command.setOptionValueWithSource(name, !option.negate, 'config');
    return;
  }
  let parsed: unknown;
  for (const each of Array.isArray(value) ? value : [value]) {
    if (typeof each !== 'string' && typeof each !== 'number')
      throw wrong(`${JSON.stringify(each)} is neither text nor a number`);
    try {
      parsed = option.parseArg ? option.parseArg(String(each), parsed as undefined) : String(each);
    } catch (error) {
      if (error instanceof InvalidArgumentError) throw wrong(error.message);
      throw error;
    }
  }
  command.setOptionValueWithSource(name, parsed, 'config');
}

function flagOf(text: string): boolean | undefined {
  if (YES.has(text.toLowerCase())) return true;
  return NO.has(text.toLowerCase()) ? false : undefined;
}
