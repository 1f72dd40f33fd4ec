/** All keys on one page. */

import { cut } from '@waggle/text/columns';
import type { Screen } from '../screen/screen.ts';
import type { View } from '../views/view.ts';
import { REPLAY_KEYS } from './replay-keys.ts';

const COMMON_KEYS = [
  ['1-5, tab', 'another view'],
  ['/', 'filter processes, stacks and events'],
  ['esc', 'back: from details, filter, selection'],
  ['space', 'hold still, go on'],
  ['o w', 'time off the CPU; wall time; again: on the CPU'],
  ['m', 'since start, fading, or a window'],
  ['[ ]', 'a shorter or longer window'],
  ['r', 'forget what was sampled'],
  ['R', 'show arguments, hide them again'],
  ['T', 'threads apart, or together'],
  ['s S', 'save what is shown to a file; open it in the browser'],
  ['up down j k', 'move; page, home, end too'],
  ['ctrl+l', 'draw all anew'],
  ['ctrl+z', 'suspend'],
  ['? q', 'this page; quit'],
] as const;

export function drawHelp(screen: Screen, views: readonly View[], isReplay: boolean): void {
  screen.fill(0, 0, screen.width, screen.height, { bg: 'panel' });
  const lines: (readonly [string, string] | string)[] = [
    ...(isReplay ? ['Replay', ...REPLAY_KEYS, ''] : []),
    ...['Everywhere', ...COMMON_KEYS],
  ];
  for (const { title, keys } of views) lines.push('', title, ...keys);
  const columns = screen.width >= 100 || lines.length > screen.height ? 2 : 1;
  const width = Math.floor(screen.width / columns);
  const rows = Math.max(Math.ceil(lines.length / columns), 1);
  lines.forEach((line, index) => {
    const x = Math.floor(index / rows) * width;
    const y = index % rows;
    if (y >= screen.height || x >= screen.width) return;
    if (typeof line === 'string') {
      screen.put(x, y, cut(line, width - 1), { bg: 'panel', bold: true });
      return;
    }
    const [key, what] = line;
    const used = screen.put(x + 1, y, cut(key, 12), { bg: 'panel', fg: 'accent' }, width - 2);
    if (used > 0 && width > 16)
      screen.put(x + 14, y, cut(what, width - 15), { bg: 'panel', fg: 'text' }, width - 15);
  });
}
