/**
 * What happened, in the last column of the table: pieces of text with their colours, the important ones first.
 * Program and arguments come last, so that the rest of a line can be pasted.
 */

import type { ExecEvent, ExitEvent, FailedExecEvent, ForkEvent } from '@waggle/core';
import { cutArguments } from '@waggle/core/plugins/redaction';
import { commandLine, durationText, printable, shellWord, sizeText } from '@waggle/text';
import type { Palette } from '../../../terminal/text.ts';
import { hostUsers } from '../../../users/passwd.ts';
import { whereOf } from './where.ts';

/** Of arguments; the records of the kernel hold more, and nobody reads it in a table. */
const ARGV_MAX_CHARACTERS = 4096;
/** So that what stands behind durations and sizes lines up. */
const STATUS_WIDTH = 8;
const DURATION_WIDTH = 7;
const SIZE_WIDTH = 6;

export type PaintName = Exclude<keyof Palette, symbol>;

export interface Piece {
  readonly text: string;
  readonly paint?: PaintName | undefined;
}

export type TableEvent = ExecEvent | ExitEvent | FailedExecEvent | ForkEvent;

/**
 * @param withUsage whether there is room for CPU and memory of exits, on a terminal: there durations and sizes line
 * up. undefined elsewhere.
 */
export function detailsOf(event: TableEvent, withUsage?: boolean): readonly Piece[] {
  switch (event.event) {
    case 'exec':
      return [{ text: circumstancesOf(event), paint: 'dim' }, { text: commandOf(event) }];
    case 'fork':
      return [{ text: `child ${event.childPid}` }];
    case 'failed-exec':
      return failureDetails(event);
    case 'exit':
      return exitDetails(event, withUsage);
  }
}

function exitDetails(event: ExitEvent, withUsage: boolean | undefined): readonly Piece[] {
  const { lifetimeNs, userNs, systemNs, maxRssBytes } = event;
  const aligns = withUsage !== undefined;
  const pad = (text: string, width: number) => (aligns ? text.padStart(width) : text);
  const usage = [
    ` after ${pad(durationText(lifetimeNs), DURATION_WIDTH)}`,
    ...(withUsage === false
      ? []
      : [
          `${pad(durationText(userNs + systemNs), DURATION_WIDTH)} CPU`,
          pad(sizeText(maxRssBytes), SIZE_WIDTH),
        ]),
  ].join(', ');
  const command = commandOf(event);
  return [
    { text: statusOf(event).padEnd(aligns ? STATUS_WIDTH : 0), paint: paintOf(event) },
    { text: usage },
    ...(command === ''
      ? []
      : [{ text: ': ' }, { text: ranOf(event) + command, paint: 'dim' as const }]),
  ];
}

export function statusOf({ exitCode, signal, coreDumped }: ExitEvent): string {
  if (signal !== null) return `${signal}${coreDumped ? ' (core dumped)' : ''}`;
  return `code ${exitCode}`;
}

export function paintOf({ exitCode, signal }: ExitEvent): PaintName | undefined {
  return exitCode === 0 && signal === null ? 'green' : 'red';
}

function failureDetails(event: FailedExecEvent): readonly Piece[] {
  const { error, filename, argv, argvTruncated } = event;
  const line = argv.length === 0 && !argvTruncated ? '' : `: ${commandOf(event)}`;
  return [
    { text: error, paint: 'red' },
    { text: ` ${filename === null ? '?' : shellWord(filename)}${line}` },
  ];
}

/** Whose it is, where it runs, and what really runs where the first argument says something else. */
function circumstancesOf(event: ExecEvent): string {
  const where = whereOf(event);
  return [
    event.uid === 0 ? '' : `(${printable(userOf(event.uid))}) `,
    where === '' ? '' : `[${printable(where)}] `,
    ranOf(event),
  ].join('');
}

export function userOf(uid: number): string {
  return hostUsers().byUid(uid)?.name ?? `uid ${uid}`;
}

/** The program's path in angle brackets where the first argument does not name it. */
function ranOf({ filename, argv }: Pick<ExecEvent | ExitEvent, 'filename' | 'argv'>): string {
  const [first] = argv ?? [];
  if (filename === null || first === undefined) return '';
  // A login shell is called with a dash before its name.
  const named = baseName(first).replace(/^-/, '');
  return named === baseName(filename) ? '' : `<${shellWord(filename)}> `;
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** The arguments as far as they are known, else the program's path. Empty where neither is. */
export function commandOf(event: ExecEvent | ExitEvent | FailedExecEvent): string {
  const { argv, filename, argvTruncated } = event;
  if (argv === null || (argv.length === 0 && !argvTruncated))
    return filename === null ? '' : commandLine([filename]);
  return commandLine(argv, {
    isCut: cutArguments(event),
    goesOn: argvTruncated,
    limit: ARGV_MAX_CHARACTERS,
  });
}
