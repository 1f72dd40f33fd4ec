/** `waggle completions`: made from the command's own definition. */

import type { Command } from 'commander';
import { bashCompletion } from '../../completions/bash.ts';
import { described } from '../../completions/described.ts';
import { fishCompletion } from '../../completions/fish.ts';
import { zshCompletion } from '../../completions/zsh.ts';
import { Output } from '../../terminal/output.ts';
import type { Shell } from './options.ts';

const COMPLETIONS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const;

export async function printCompletion(shell: Shell, program: Command): Promise<void> {
  await new Output().write(COMPLETIONS[shell](described(program)));
}
