/** The trace as people read it: one line an event, columns that stay put. */

import type { ExecEvent, ExitEvent, FailedExecEvent, ForkEvent, ProcessEvent } from '@waggle/core';
import type { WithheldNotice } from '@waggle/core/plugins/event-output';
import { cutArguments } from '@waggle/core/plugins/redaction';
import { printable } from '@waggle/text';
import { commandLine, shellWord } from '../../terminal/shell-words.ts';
import { humanDuration, type Palette } from '../../terminal/text.ts';

/** Of arguments; the records of the kernel hold more, and nobody reads it in a table. */
const ARGV_MAX_CHARACTERS = 4096;

export class Table {
  readonly #colour: Palette;

  constructor(colour: Palette) {
    this.#colour = colour;
  }

  header(): string {
    return this.#colour.bold(
      `${'TIME'.padEnd(13)}${'EVENT'.padEnd(6)}${'PID'.padStart(8)}${'PPID'.padStart(8)}  ${'COMM'.padEnd(16)} DETAILS`,
    );
  }

  /** @param depth below the first process that is of interest; indents what happened. */
  line(event: ProcessEvent, depth = 0): string {
    switch (event.event) {
      case 'exec':
        return this.#row(event, this.#colour.green('exec  '), depth, this.#execDetails(event));
      case 'exit':
        return this.#row(event, this.#colour.dim('exit  '), depth, this.#exitDetails(event));
      case 'fork':
        return this.#row(event, 'fork  ', depth, `child ${event.childPid}`);
      case 'failed-exec':
        return this.#row(event, this.#colour.red('failed'), depth, this.#failureDetails(event));
      case 'lost':
        return `${this.#time(event.time)} ${this.#colour.yellow(`lost ${event.count} events: the ring buffer was full (--ring-size makes it larger)`)}`;
    }
  }

  /** What is missing beside losses. */
  notice({ event, time, count }: WithheldNotice): string {
    const what =
      event === 'limited'
        ? `${count} events kept back by --rate-limit`
        : `${count} processes are not followed: too many run at once`;
    return `${this.#time(time)} ${this.#colour.yellow(what)}`;
  }

  #row(
    event: ExecEvent | ExitEvent | FailedExecEvent | ForkEvent,
    kind: string,
    depth: number,
    details: string,
  ): string {
    const pid = String(event.pid).padStart(8);
    const ppid = String(event.ppid).padStart(8);
    return `${this.#time(event.time)} ${kind}${pid}${ppid}  ${printable(event.comm).padEnd(16)} ${indent(depth)}${details}`;
  }

  /** Program and arguments come last, so that the rest of the line can be pasted. */
  #execDetails(event: ExecEvent): string {
    const container = event.containerId === null ? '' : `[${event.containerId.slice(0, 12)}] `;
    const user = event.uid === 0 ? '' : `(uid ${event.uid}) `;
    return `${this.#colour.dim(user + container)}${programOf(event)}`;
  }

  #failureDetails(event: FailedExecEvent): string {
    const { error, filename } = event;
    const line = event.argv.length === 0 && !event.argvTruncated ? '' : `: ${programOf(event)}`;
    return `${this.#colour.red(error)} ${filename === null ? '?' : shellWord(filename)}${line}`;
  }

  #exitDetails(event: ExitEvent): string {
    const how =
      event.signal !== null
        ? this.#colour.red(`${event.signal}${event.coreDumped ? ' (core dumped)' : ''}`)
        : event.exitCode === 0
          ? 'code 0'
          : this.#colour.red(`code ${event.exitCode}`);
    const program = programOf(event);
    const line = program === '' ? '' : `: ${program}`;
    return `${how} after ${humanDuration(event.lifetimeNs)}${line}`;
  }

  #time(nanoseconds: bigint): string {
    const date = new Date(Number(nanoseconds / 1_000_000n));
    const two = (value: number) => String(value).padStart(2, '0');
    return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, '0')}`;
  }
}

/** The arguments as far as they are known, else the program's path. Empty where neither is. */
function programOf(event: ExecEvent | ExitEvent | FailedExecEvent): string {
  const { argv, filename, argvTruncated } = event;
  if (argv === null || (argv.length === 0 && !argvTruncated))
    return filename === null ? '' : commandLine([filename]);
  return commandLine(argv, {
    isCut: cutArguments(event),
    goesOn: argvTruncated,
    limit: ARGV_MAX_CHARACTERS,
  });
}

/** Deeper than this nobody can read it. */
const DEEPEST = 24;

function indent(depth: number): string {
  return depth === 0 ? '' : `${'  '.repeat(Math.min(depth, DEEPEST) - 1)}└─ `;
}
