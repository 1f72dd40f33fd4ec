/** The trace as people read it: one line an event, columns that stay put. */

import type { ExitEvent, ProcessEvent } from '@waggle/core';
import type { WithheldNotice } from '@waggle/core/plugins/event-output';
import { durationText, printable, shellWord, sizeText } from '@waggle/text';
import { columnsOf, cut, fit } from '@waggle/text/columns';
import type { Palette } from '../../../terminal/text.ts';
import { Clock, TIME_WIDTHS, type TimeForm } from './clock.ts';
import { COLUMNS, type ColumnName, DEFAULT_COLUMNS, isLast } from './columns.ts';
import {
  commandOf,
  detailsOf,
  type PaintName,
  type Piece,
  paintOf,
  statusOf,
  type TableEvent,
  userOf,
} from './details.ts';
import { whereOf } from './where.ts';

export interface TableOptions {
  readonly colour: Palette;
  readonly columns?: readonly ColumnName[] | undefined;
  readonly time?: TimeForm | undefined;
  /** Columns of the terminal, as they are now; undefined where lines may be of any length. */
  readonly width?: (() => number | undefined) | undefined;
}

const NOTHING = '-';
const EVENT_PAINTS = { exec: 'green', exit: undefined, fork: 'dim' } as const;

/** What a narrow terminal does without, unless columns were chosen: the program is in the last column too. */
const COMM_FROM = 100;
const PPID_FROM = 72;
/** CPU and memory of an exit, where program and arguments have room as well. */
const USAGE_FROM = 66;

export class Table {
  readonly #colour: Palette;
  readonly #chosen: readonly ColumnName[] | undefined;
  readonly #form: TimeForm;
  readonly #clock: Clock;
  readonly #width: () => number | undefined;

  constructor({ colour, columns, time = 'clock', width }: TableOptions) {
    this.#colour = colour;
    this.#chosen = columns;
    this.#form = time;
    this.#clock = new Clock(time);
    this.#width = width ?? (() => undefined);
  }

  header(): string {
    const columns = this.#columns();
    const titles = columns.map((name): Piece => {
      const title = name === 'time' ? 'TIME' : COLUMNS[name].title;
      return { text: this.#cell(name, title) };
    });
    const line = spaced(columns, titles).map(({ text }) => text);
    const width = this.#width();
    const text = line.join('').trimEnd();
    return this.#colour.bold(width === undefined ? text : cut(text, width));
  }

  /** @param depth below the first process that is of interest; indents what happened. */
  line(event: ProcessEvent, depth = 0): string {
    if (event.event === 'lost')
      return this.#words(
        event.time,
        `lost ${event.count} events: the ring buffer was full (--ring-size makes it larger)`,
      );
    const columns = this.#columns();
    const width = this.#width();
    const ahead = spaced(
      columns,
      columns.filter((name) => !isLast(name)).map((name) => this.#piece(name, event)),
    );
    const last = columns.findLast(isLast);
    if (last === undefined) return this.#painted(ahead).trimEnd();
    const before = { text: indent(depth), paint: 'dim' as const };
    if (width === undefined) return this.#painted([...ahead, before, ...lastOf(last, event)]);
    const room = width - ahead.reduce((sum, { text }) => sum + columnsOf(text), before.text.length);
    const details = lastOf(last, event, room >= USAGE_FROM);
    return this.#painted(cutPieces([...ahead, before, ...details], width));
  }

  /** What is missing beside losses. */
  notice({ event, time, count }: WithheldNotice): string {
    const what =
      event === 'limited'
        ? `${count} events kept back by --rate-limit`
        : `${count} processes are not followed: too many run at once`;
    return this.#words(time, what);
  }

  #words(time: bigint, text: string): string {
    return `${this.#clock.text(time)} ${this.#colour.yellow(text)}`;
  }

  /** As the terminal is now. */
  #columns(): readonly ColumnName[] {
    const width = this.#width() ?? Number.POSITIVE_INFINITY;
    if (this.#chosen !== undefined) return this.#chosen;
    return DEFAULT_COLUMNS.filter(
      (name) => (name !== 'comm' || width >= COMM_FROM) && (name !== 'ppid' || width >= PPID_FROM),
    );
  }

  #piece(name: ColumnName, event: TableEvent): Piece {
    const [text, paint] = this.#value(name, event);
    return { text: this.#cell(name, text), paint };
  }

  #value(
    name: ColumnName,
    event: TableEvent,
  ): readonly [text: string, paint?: PaintName | undefined] {
    const exit = event.event === 'exit' ? event : undefined;
    switch (name) {
      case 'time':
        return [this.#clock.text(event.time), 'dim'];
      case 'event':
        return event.event === 'failed-exec'
          ? ['failed', 'red']
          : [event.event, EVENT_PAINTS[event.event]];
      case 'pid':
        return [String(event.pid)];
      case 'ppid':
        return [String(event.ppid), 'dim'];
      case 'comm':
        return [printable(event.comm)];
      case 'parent':
        return [printable(event.parentComm ?? NOTHING), 'dim'];
      case 'user':
        return [printable(userOf(event.uid))];
      case 'where':
        return [printable(whereOf(event)) || NOTHING, 'dim'];
      case 'status':
        if (event.event === 'failed-exec') return [event.error, 'red'];
        return exit === undefined ? [NOTHING, 'dim'] : [statusOf(exit), paintOf(exit)];
      case 'program': {
        const filename = event.event === 'fork' ? null : event.filename;
        return [filename === null ? NOTHING : shellWord(filename)];
      }
      default:
        return exit === undefined ? [NOTHING, 'dim'] : [usageText(name, exit)];
    }
  }

  /** Filled up, so that the columns behind it stay put; what is longer is cut on a terminal alone. */
  #cell(name: ColumnName, text: string): string {
    if (name === 'time') return text.padEnd(TIME_WIDTHS[this.#form]);
    const { width, toTheRight = false } = COLUMNS[name];
    if (width === 0) return text;
    if (this.#width() !== undefined) return fit(text, width, toTheRight ? 'right' : 'left');
    return toTheRight ? text.padStart(width) : text.padEnd(width);
  }

  #painted(pieces: readonly Piece[]): string {
    let line = '';
    for (const { text, paint } of pieces)
      line += paint === undefined || text === '' ? text : this.#colour[paint](text);
    return line;
  }
}

/** @param withUsage on a terminal: whether there is room for what was used */
function lastOf(name: ColumnName, event: TableEvent, withUsage?: boolean): readonly Piece[] {
  if (name === 'details') return detailsOf(event, withUsage);
  return event.event === 'fork' ? [] : [{ text: commandOf(event) }];
}

/** With spaces between columns: two where a number stands before a word. */
function spaced(columns: readonly ColumnName[], pieces: readonly Piece[]): readonly Piece[] {
  return pieces.map((piece, index) => {
    const [name, next] = [columns[index], columns[index + 1]];
    if (name === undefined || next === undefined) return piece;
    return { ...piece, text: `${piece.text}${isNumber(name) && !isNumber(next) ? '  ' : ' '}` };
  });
}

function isNumber(name: ColumnName): boolean {
  return name !== 'time' && COLUMNS[name].toTheRight === true;
}

/** To one line of a terminal. */
function cutPieces(pieces: readonly Piece[], width: number): readonly Piece[] {
  let left = width;
  const kept: Piece[] = [];
  for (const piece of pieces) {
    const columns = columnsOf(piece.text);
    if (columns > left) {
      kept.push({ ...piece, text: cut(piece.text, left) });
      break;
    }
    kept.push(piece);
    left -= columns;
  }
  return kept;
}

function usageText(name: ColumnName, exit: ExitEvent): string {
  switch (name) {
    case 'lifetime':
      return durationText(exit.lifetimeNs);
    case 'cpu':
      return durationText(exit.userNs + exit.systemNs);
    case 'memory':
      return sizeText(exit.maxRssBytes);
    case 'faults':
      return String(exit.majorFaults);
    case 'read':
      return exit.readBytes === null ? NOTHING : sizeText(exit.readBytes);
    case 'written':
      return exit.writeBytes === null ? NOTHING : sizeText(exit.writeBytes);
    default:
      return NOTHING;
  }
}

/** Deeper than this nobody can read it. */
const DEEPEST = 24;

function indent(depth: number): string {
  return depth === 0 ? '' : `${'  '.repeat(Math.min(depth, DEEPEST) - 1)}└─ `;
}
