/** Events: what starts, ends and fails, the newest at the top, and one of them in all its words. */

import { printable, shellCommand, shortDuration, shortSize } from '@waggle/text';
import { cut, firstColumns, fit } from '@waggle/text/columns';
import type { LoggedEvent, LoggedKind, LoggedUsage } from '../model/logged-event.ts';
import type { Paint, Screen, Tone } from '../screen/screen.ts';
import { region } from '../screen/screen.ts';
import { ListCursor } from './list.ts';
import { MatchingEvents } from './matching-events.ts';
import type { Key, Shared, View } from './view.ts';

const TONES: Readonly<Record<LoggedKind, Tone>> = {
  exec: 'accent',
  exit: 'dim',
  'failed-exec': 'bad',
  lost: 'bad',
};

const DETAIL_ROWS = 11;
/** Columns of `code 1 after 123ms`. */
const OUTCOME = 18;

export class EventsView implements View {
  readonly name = 'events';
  readonly title = 'Events';
  readonly keys = [
    ['enter', 'details'],
    ['y', 'copy as a command'],
    ['x', 'failures only'],
    ['space', 'hold still'],
  ] as const;

  readonly #cursor = new ListCursor();
  #failuresOnly = false;
  #opened = false;
  readonly #shown = new MatchingEvents();
  /** The number of the event. */
  #selected: number | undefined;

  draw(screen: Screen, shared: Shared): void {
    const { events, filter, scope, reveal } = shared;
    const passesFor = [this.#failuresOnly, scope, reveal, filter].join('\0');
    this.#shown.update(events, passesFor, (number) => this.#passes(number, shared));
    // The newest is what one looks at, until one goes to another; that stays selected.
    if (this.#cursor.at > 0 && this.#selected !== undefined) {
      const index = this.#shown.indexOf(this.#selected);
      if (index >= 0) {
        this.#cursor.top += index - this.#cursor.at;
        this.#cursor.at = index;
      }
    }
    const detailRows = this.#opened ? Math.min(DETAIL_ROWS, Math.floor(screen.height / 2)) : 0;
    const body = Math.max(screen.height - detailRows, 0);
    this.#cursor.measure(this.#shown.length, body);
    this.#selected = this.#shown.at(this.#cursor.at);
    for (let row = 0; row < body; row++) {
      const number = this.#shown.at(this.#cursor.top + row);
      if (number === undefined) break;
      drawEvent(screen, row, events.at(number), number === this.#selected, shared);
    }
    if (this.#shown.length === 0 && body > 0)
      screen.put(0, 0, 'nothing has started, ended or failed yet that passes the filter', {
        fg: 'dim',
      });
    if (detailRows > 0)
      drawDetails(
        region(screen, 0, body, screen.width, detailRows),
        this.#selectedEvent(events),
        shared,
      );
  }

  press(key: Key, shared: Shared): boolean {
    if (this.#cursor.press(key)) {
      this.#selected = this.#shown.at(this.#cursor.at);
      return true;
    }
    switch (key) {
      case 'enter':
        this.#opened = !this.#opened;
        return true;
      case 'x':
        this.#failuresOnly = !this.#failuresOnly;
        shared.say(this.#failuresOnly ? 'only what failed' : 'everything');
        return true;
      case 'y': {
        shared.say(this.#copy(this.#selectedEvent(shared.events), shared));
        return true;
      }
      default:
        return false;
    }
  }

  click(_x: number, y: number, twice: boolean): void {
    const index = this.#cursor.top + y;
    if (index >= this.#shown.length) return;
    this.#cursor.at = index;
    this.#selected = this.#shown.at(index);
    if (twice) this.#opened = true;
  }

  escape(): boolean {
    const wasOpen = this.#opened || this.#failuresOnly || this.#cursor.at > 0;
    this.#opened = false;
    this.#failuresOnly = false;
    this.#cursor.at = 0;
    return wasOpen;
  }

  /** @returns what came of it */
  #copy(event: LoggedEvent | undefined, shared: Shared): string {
    if (event === undefined || event.argv.length === 0) return 'nothing is known of its arguments';
    if (!shared.reveal)
      return 'arguments are hidden, they may hold secrets: press R to show them first';
    if (event.isCut) return 'not copied: there were more arguments than are known';
    const parentEnviron = shared.events.environBefore(event.ppid, event.time);
    shared.copy(shellCommand({ ...event, parentEnviron }));
    return event.cwd === null ? 'copied' : 'copied as it ran, with its directory and files';
  }

  /** Undefined where there is none, or it is too long ago by now. */
  #selectedEvent(events: Shared['events']): LoggedEvent | undefined {
    const number = this.#selected;
    if (number === undefined || number < events.first || number >= events.total) return undefined;
    return events.at(number);
  }

  #passes(number: number, { events, filter, scope, processes, commandText }: Shared): boolean {
    if (this.#failuresOnly && !events.hasFailed(number)) return false;
    if (events.kindOf(number) === 'lost') return true;
    const isInScope = (among: number): boolean =>
      events.pidOf(number) === among || processes.isBelow(events.ppidOf(number), among);
    if (scope !== undefined && !isInScope(scope)) return false;
    if (filter === '') return true;
    const { kind, pid, comm, outcome, argv } = events.at(number);
    const text = `${kind} ${pid} ${comm} ${outcome} ${commandText(argv)}`;
    return text.toLowerCase().includes(filter);
  }
}

function drawEvent(
  screen: Screen,
  y: number,
  event: LoggedEvent,
  selected: boolean,
  shared: Shared,
): void {
  const back: Paint = selected ? { bg: 'selection', inverse: true } : {};
  if (selected) screen.fill(0, y, screen.width, 1, back);
  let x = 0;
  const put = (text: string, paint: Paint): void => {
    x += screen.put(x, y, text, { ...back, ...paint });
  };
  put(`${clockOf(event.time)} `, { fg: 'dim' });
  put(fit(event.kind, 12), { fg: event.failed ? 'bad' : TONES[event.kind] });
  if (event.kind !== 'lost') put(`${fit(String(event.pid), 7, 'right')} `, { fg: 'text' });
  if (event.outcome !== '') {
    const lived = event.lifetimeMs === undefined ? '' : ` after ${shortDuration(event.lifetimeMs)}`;
    // Commands below each other, but for what ended in many words.
    const outcome = `${event.outcome}${lived}`.padEnd(OUTCOME);
    put(`${outcome}  `, { fg: event.failed ? 'bad' : 'good' });
  }
  const what = event.argv.length > 0 ? shared.commandText(event.argv) : printable(event.comm);
  put(cut(what, screen.width - x), { fg: event.kind === 'exit' ? 'dim' : 'text' });
}

function drawDetails(screen: Screen, event: LoggedEvent | undefined, shared: Shared): void {
  screen.fill(0, 0, screen.width, screen.height, { bg: 'panel' });
  if (event === undefined) return;
  const { pid, ppid, comm, parentComm, uid, filename, argv, outcome, cwd, stdio, usage } = event;
  const parents = parentsOf(ppid, shared);
  const lines: [string, string][] = [
    ['what', `${event.kind} of ${printable(comm)} (${pid}) at ${clockOf(event.time)}`],
    ['outcome', outcome || '-'],
    ...(usage === null ? [] : [['used', usageText(usage)] as [string, string]]),
    ['user', uid === undefined ? '-' : printable(shared.userName(uid))],
    ['program', filename === null ? '-' : printable(filename)],
    ['started by', parents || `${printable(parentComm ?? '?')} (${ppid})`],
    ...(cwd === null ? [] : [['directory', printable(cwd)] as [string, string]]),
    ...(stdio === null ? [] : [['files', printable(stdio.join('  '))] as [string, string]]),
    ['command', argv.length === 0 ? '-' : shared.commandText(argv)],
  ];
  let y = 0;
  for (const [name, text] of lines) {
    let rest = text;
    do {
      if (y >= screen.height) return;
      screen.put(0, y, y > 0 && rest !== text ? '' : name, { fg: 'dim', bg: 'panel' });
      const line = firstColumns(rest, screen.width - 12);
      screen.put(12, y, line, { fg: 'text', bg: 'panel' });
      rest = rest.slice(Math.max(line.length, 1));
      y++;
    } while (rest !== '' && name === 'command');
  }
}

function usageText(usage: LoggedUsage): string {
  const { userMs, systemMs, maxRssBytes, readBytes, writeBytes, majorFaults } = usage;
  const parts = [
    `${shortDuration(userMs + systemMs)} of CPU (${shortDuration(systemMs)} in the kernel)`,
    `${shortSize(maxRssBytes)} of memory at most`,
  ];
  if (readBytes !== null && writeBytes !== null)
    parts.push(`${shortSize(readBytes)} read, ${shortSize(writeBytes)} written`);
  if (majorFaults > 0) parts.push(`${majorFaults} page faults that waited for storage`);
  return parts.join('; ');
}

function parentsOf(ppid: number, { processes }: Shared): string {
  const names: string[] = [];
  let at = ppid;
  for (let step = 0; step < 16 && at > 0; step++) {
    const row = processes.row(at);
    if (row === undefined) break;
    names.push(`${printable(row.comm)} (${at})`);
    if (row.ppid === at) break;
    at = row.ppid;
  }
  return names.join(' ← ');
}

function clockOf(time: number): string {
  const date = new Date(time);
  const two = (value: number, digits = 2) => String(value).padStart(digits, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${two(date.getMilliseconds(), 3)}`;
}
