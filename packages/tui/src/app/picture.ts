/** The picture of what is shown: header, view and foot, on any screen. */

import { printable } from '@waggle/text';
import { cut, cutStart } from '@waggle/text/columns';
import { MEASURE_TITLES } from '../model/measures.ts';
import { region, type Screen } from '../screen/screen.ts';
import { drawHeader } from './header.ts';
import { drawHelp } from './help.ts';
import { modeText } from './modes.ts';
import { isTooSmall, SMALLEST } from './places.ts';
import type { Replay } from './replay.ts';
import type { Shown } from './shown.ts';

const REPLAY_HINTS = [
  ['←→', '10 s'],
  ['()', '1 min'],
  ['@', 'time'],
  ['space', 'play'],
  ['*', 'speed'],
] as const;

export function drawPicture(screen: Screen, shown: Shown): void {
  screen.fill(0, 0, screen.width, screen.height, { bg: 'background' });
  if (isTooSmall(screen)) {
    const words = `make the terminal larger: ${SMALLEST.width} x ${SMALLEST.height} at least`;
    if (screen.height > 0) screen.put(0, 0, cut(words, screen.width));
    return;
  }
  const { data, views, view } = shown;
  const body = region(screen, 0, 2, screen.width, screen.height - 3);
  drawHeader(screen, data.figures(), views, view.name, statusOf(shown), data.now);
  if (shown.help) drawHelp(body, views, shown.replay !== undefined);
  else view.draw(body, shown.shared());
  drawFoot(region(screen, 0, screen.height - 1, screen.width, 1), shown);
}

function statusOf({ data, selection, view, output, reveal, replay }: Shown): string {
  if (view === output) return output.status;
  const parts = [data.isHeld ? 'HELD STILL' : modeText(data.samples.mode)];
  if (replay !== undefined) parts.unshift(replayText(replay));
  const { shown } = data.measures;
  if (shown !== 'cpu') parts.unshift(MEASURE_TITLES[shown]);
  if (data.threadsApart) parts.push('threads apart');
  if (selection.scope !== undefined) {
    const comm = data.processes.row(selection.scope)?.comm ?? '?';
    parts.push(`only ${printable(comm)} (${selection.scope})`);
  }
  if (selection.filter !== '') parts.push(`/${printable(selection.filter)}`);
  if (reveal) parts.push('arguments shown');
  return parts.join(' · ');
}

/** When, that it is not now, where nobody looked, and what cannot be read. */
function replayText({ at, isPlaying, speed, gap, isPartial, fate }: Replay): string {
  const missing = gap === undefined ? '' : ` NOBODY LOOKED (${printable(gap.reason)})`;
  const partial = isPartial ? ' NOT WHOLE' : '';
  const become = fate === undefined ? '' : ` · ${fate}`;
  return `REPLAY ${momentText(at)}${missing}${partial} ${isPlaying ? `▶ ${speed}x` : 'stands'}${become}`;
}

/** In the time zone of this machine: `2026-11-29 03:17:04`. */
function momentText(ms: number): string {
  const at = new Date(ms);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${at.toTimeString().slice(0, 8)}`;
}

function drawFoot(screen: Screen, { input, message, view, replay }: Shown): void {
  if (input !== undefined) {
    const ink = { fg: 'accent', bold: true } as const;
    const used = screen.put(0, 0, cut(input.prompt, Math.floor(screen.width / 2)), ink);
    // Of a long one its end: that is where one types.
    screen.put(used, 0, cutStart(`${printable(input.text)}█`, screen.width - used), ink);
    return;
  }
  if (message !== undefined && Date.now() < message.until) {
    screen.put(0, 0, cut(printable(message.text), screen.width), {
      fg: 'warn',
      bold: true,
    });
    return;
  }
  let x = 0;
  const time = replay === undefined ? [] : REPLAY_HINTS;
  const hints = [
    ...[['?', 'keys'], ...time, ['/', 'filter']],
    ...[...view.keys, ['s', 'save'], ['q', 'quit']],
  ];
  for (const [key = '', what = ''] of hints) {
    if (x + key.length + what.length + 3 > screen.width) break;
    x += screen.put(x, 0, key, { fg: 'accent', bold: true });
    x += screen.put(x, 0, ` ${what}  `, { fg: 'dim' });
  }
}
