// `waggle trace`: opens a session, prints what comes, ends on time, signal, closed pipe or the
// command's end, and says at the end what was seen and what was lost.

import {
  type AttachReport,
  type LifecycleConfig,
  type LifecycleSession,
  openLifecycleSession,
  type ProcessEvent,
  startCommand,
} from '@waggle/core';
import * as Effect from 'effect/Effect';
import * as Stream from 'effect/Stream';
import { USAGE_ERROR } from '../../exit-code.ts';
import { runToExitCode, stopAfter, stopOnSignal } from '../../run-effect.ts';
import { say } from '../../terminal/messages.ts';
import { Output } from '../../terminal/output.ts';
import { palette } from '../../terminal/text.ts';
import { eventFilter } from './filter.ts';
import { JsonLines } from './json.ts';
import type { TraceOptions } from './options.ts';
import { Table } from './table.ts';

export async function runTrace(options: TraceOptions, command: readonly string[]): Promise<number> {
  if (command.length > 0 && options.pid !== undefined) {
    say('give either -p or a command to trace, not both');
    return USAGE_ERROR;
  }
  return runToExitCode(Effect.scoped(trace(options, command)));
}

const trace = Effect.fnUntraced(function* (options: TraceOptions, command: readonly string[]) {
  const session = yield* openLifecycleSession(sessionConfig(options, command));
  warnAboutAbsent(session.programs.report, options);
  yield* stopOnSignal(() => session.stop());
  const output = new Output(1, () => session.stop());
  const print = printer(options);
  say(`ready, tracing ${options.events.join(', ')}${scopeOf(options, command)}`);
  const [file, ...args] = command;
  if (file !== undefined) {
    const child = yield* startCommand([file, ...args], ['inherit', 2, 'inherit']);
    child.ended.then(() => session.stop());
  }
  if (print.header !== undefined) yield* Effect.promise(() => output.write(`${print.header}\n`));
  if (options.duration !== undefined) yield* stopAfter(options.duration, () => session.stop());
  const wanted = eventFilter(options);
  yield* Stream.runForEach(session.events, (events) =>
    Effect.promise(() => output.write(render(events, wanted, print.line))),
  );
  summarize(session);
  return 0;
});

function sessionConfig(options: TraceOptions, command: readonly string[]): LifecycleConfig {
  return {
    events: options.events,
    ...(options.pid === undefined ? {} : { pids: options.pid }),
    ...(command.length === 0 ? {} : { launcher: process.pid }),
    ...(options.cgroup === undefined ? {} : { cgroups: options.cgroup }),
    ...(options.ringSize === undefined ? {} : { ringBytes: options.ringSize }),
  };
}

interface Printer {
  readonly header?: string;
  readonly line: (event: ProcessEvent) => string;
}

function printer(options: TraceOptions): Printer {
  if (options.json) {
    const json = new JsonLines();
    return { line: (event) => json.line(event) };
  }
  const table = new Table(palette(process.stdout.isTTY));
  return { header: table.header(), line: (event) => `${table.line(event)}\n` };
}

function render(
  events: readonly ProcessEvent[],
  wanted: (event: ProcessEvent) => boolean,
  line: (event: ProcessEvent) => string,
): string {
  let text = '';
  for (const event of events) if (wanted(event)) text += line(event);
  return text;
}

function scopeOf(options: TraceOptions, command: readonly string[]): string {
  if (command.length > 0) return ` of ${command[0]} and its descendants`;
  if (options.pid !== undefined) return ` of ${options.pid.join(', ')} and their descendants`;
  return '';
}

function warnAboutAbsent(report: AttachReport, options: TraceOptions): void {
  for (const event of options.events) {
    const outcome = report[event];
    if (outcome?.state === 'absent')
      say(`warning: no ${event} events: ${outcome.reasons.join('; ') || 'program missing'}`);
  }
}

function summarize(session: LifecycleSession): void {
  const { events, lost, suppressed } = session.totals();
  say(`${events} events, ${lost} lost, ${suppressed} suppressed`);
}
