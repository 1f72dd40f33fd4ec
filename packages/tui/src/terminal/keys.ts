/** Keys of the terminal library as views know them. */

import type { KeyEvent } from '@opentui/core';
import type { Key } from '../views/view.ts';

const NAMES: Readonly<Record<string, Key>> = {
  return: 'enter',
  linefeed: 'enter',
  kpenter: 'enter',
};

/** Undefined for what is no key of ours: a lone modifier, a combination with alt. */
export function keyOf({ name, ctrl, meta, shift, sequence }: KeyEvent): Key | undefined {
  if (meta) return undefined;
  if (ctrl) return name === '' ? undefined : `ctrl+${name}`;
  if (name === 'tab') return shift ? 'shift+tab' : 'tab';
  if (name === 'space') return 'space';
  const named = NAMES[name];
  if (named !== undefined) return named;
  // What types a character is that character, whatever the key is called.
  if ([...sequence].length === 1 && sequence >= ' ' && sequence !== '\x7f') return sequence;
  return name === '' ? undefined : name;
}
