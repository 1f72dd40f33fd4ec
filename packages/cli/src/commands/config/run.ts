/** `waggle config`: what people have set, by command and option, and from where. */

import { printable, stringifyJson } from '@waggle/text';
import type { Command } from 'commander';
import { applyDefaults } from '../../defaults/apply.ts';
import { configFiles } from '../../defaults/config-file.ts';
import { say } from '../../terminal/messages.ts';
import { Output } from '../../terminal/output.ts';
import type { ConfigOptions } from './options.ts';

export async function printConfig({ json }: ConfigOptions, program: Command): Promise<number> {
  const files = configFiles(process.env);
  const applied = applyDefaults(program, files, process.env);
  if (json) {
    await new Output().write(`${stringifyJson(applied, 2)}\n`);
    return 0;
  }
  const lines = applied.map(
    ({ command, option, value, from }) =>
      `${command} --${option} ${printable(stringifyJson(value))}  (${printable(from)})\n`,
  );
  await new Output().write(lines.join(''));
  if (applied.length === 0) say('nothing is set: waggle config --help says where it could be');
  return 0;
}
