/** `--color`, of every command that prints with colours. */

import { Option } from 'commander';
import { chooseColour, WHEN, type When } from '../terminal/colour.ts';

export function colorOption(): Option {
  const option = new Option('--color <when>', 'whether to colour what is printed').choices(WHEN);
  const check = option.parseArg;
  return option.argParser((value: string, before: string) => {
    check?.(value, before);
    chooseColour(value as When);
    return value;
  });
}
