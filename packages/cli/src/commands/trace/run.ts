/**
 * `waggle trace`: a session of two plugins, metadata and output, that ends on time, signal, closed
 * pipe or the command's end, and says at the end what was seen and what was lost.
 */

import type { Plugin } from '@waggle/core';
import {
  type EventOutputOptions,
  jsonLineBytes,
  jsonLinesWithAncestors,
  lineOutput,
} from '@waggle/core/plugins/event-output';
import { processMetadata } from '@waggle/core/plugins/process-metadata';
import { ProcessTreeService, processTree } from '@waggle/core/plugins/process-tree';
import { redactArguments, redaction } from '@waggle/core/plugins/redaction';
import {
  openSession,
  type Session,
  type SessionConfig,
  superviseCommand,
  watchTarget,
} from '@waggle/core/session';
import { watchReader } from '@waggle/ffi';
import { commandLine } from '@waggle/text';
import * as Effect from 'effect/Effect';
import { commandBytes } from '../../command-bytes.ts';
import type { EventFiles, FilesResult } from '../../event-files/event-files.ts';
import { FAILED, USAGE_ERROR } from '../../exit-code.ts';
import { chosenCgroups } from '../../options/chosen-cgroups.ts';
import { runToExitCode, scoped, stopAfter, stopOnSignal } from '../../run-effect.ts';
import { isTerminal } from '../../terminal/is-terminal.ts';
import { say } from '../../terminal/messages.ts';
import { leftOut } from '../../terminal/namespaces.ts';
import { palette } from '../../terminal/text.ts';
import { asHint, runAs } from '../../users/run-as.ts';
import { openFiles, recordingTo } from './files.ts';
import { EventFilter } from './filter.ts';
import { jsonLinesWithCommands } from './json-with-commands.ts';
import {
  isPrinted,
  mistakeIn,
  recordedEvents,
  type TraceOptions,
  tracedEvents,
} from './options.ts';
import { programsOf } from './programs.ts';
import { summaryOutput } from './run-summary/output.ts';
import { summaryLine } from './summary.ts';
import { Table } from './table/table.ts';
import { terminalWidth } from './table/terminal-width.ts';
import { TraceOutput } from './trace-output.ts';

const STDOUT = 1;
/** To an eye that is at once; each look at the ring costs as much as five processes (docs/adr/0001-waiting.md). */
const LATENCY_MS = 100;

export async function runTrace(options: TraceOptions, command: readonly string[]): Promise<number> {
  const mistake = mistakeIn(options, command);
  if (mistake !== undefined) {
    say(mistake);
    return USAGE_ERROR;
  }
  const cgroups = chosenCgroups(options);
  if (typeof cgroups === 'string') {
    say(cgroups);
    return USAGE_ERROR;
  }
  // Before anything starts: a recording that cannot be kept is none.
  const opened = await openFiles(options);
  if (typeof opened === 'string') {
    say(opened);
    return FAILED;
  }
  using files = opened;
  return await runToExitCode(Effect.scoped(trace({ ...options, cgroup: cgroups }, command, files)));
}

const trace = Effect.fnUntraced(function* (
  options: TraceOptions,
  command: readonly string[],
  files: EventFiles | undefined,
) {
  let stop = () => {};
  const output = new TraceOutput(() => stop());
  const programOf = programsOf(() => session.processMetadata);
  const filter = new EventFilter(options, programOf);
  const recorded = new EventFilter(options, programOf);
  const prints = isPrinted(options);
  const session: Session = yield* openSession({
    ...sessionConfig(options, command),
    plugins: [
      ...commonPlugins(options),
      ...(prints ? [printing(options, command, output, filter)] : []),
      ...(files === undefined ? [] : [recordingTo(files, options, recorded)]),
    ],
    onPluginProblem: ({ message }) => say(`warning: ${message}`),
  });
  if (prints) yield* scoped(() => output.open(session));
  stop = () => {
    output.endWhenStalled();
    session.stop();
  };
  const argv = commandBytes(command);
  if (argv === undefined) yield* stopOnSignal(stop, () => output.hurry());
  const events = files === undefined ? tracedEvents(options) : recordedEvents(options);
  const hint = asHint(command, options.as);
  if (hint !== undefined) say(hint);
  say(`ready, tracing ${events.join(', ')}${scopeOf(options, command)}`);
  // On a terminal both can be seen; elsewhere our standard output is the trace's alone.
  const stdout = isTerminal(STDOUT) || !prints ? 'inherit' : 'stderr';
  const child =
    argv && (yield* superviseCommand(session, argv, { stdout, user: runAs(options.as) }));
  if (child !== undefined) {
    child.ended.then(stop);
    // Whatever else ends the trace ends the command first, and that is still seen.
    stop = child.end;
  }
  if (prints) yield* scoped(() => watchReader(session.kernel.native, STDOUT, () => output.end()));
  if (options.pid !== undefined) yield* scoped(() => watchTarget(session, stop));
  if (prints && !options.json && !options.summary)
    yield* Effect.promise(async () => output.write(tableHeader(options), [0]));
  if (options.duration !== undefined) yield* stopAfter(options.duration, () => stop());
  yield* session.run;
  const kept = files && (yield* Effect.promise(() => files.finish()));
  if (kept !== undefined) sayFiles(kept);
  const seen = prints ? filter : recorded;
  summarize(session, options, seen, output, child !== undefined, kept);
  if (output.problem !== undefined) {
    say(`the trace could not be written: ${output.problem}`);
    return FAILED;
  }
  if (output.undelivered > 0 || (kept?.problems.length ?? 0) > 0) return FAILED;
  return child === undefined ? 0 : (yield* Effect.promise(() => child.ended)).exitCode;
});

function sayFiles({ written, problems }: FilesResult): void {
  for (const problem of problems) say(problem);
  if (written.length > 0) say(`written to ${written.join(', ')}`);
}

function sessionConfig(options: TraceOptions, command: readonly string[]): SessionConfig {
  return {
    trackProcessLifecycle: true,
    // The output knows how long its reader is to be waited for.
    drainMs: Number.POSITIVE_INFINITY,
    pids: options.pid,
    launcher: command.length === 0 ? undefined : process.pid,
    cgroups: options.cgroup,
    ringBytes: options.ringSize,
    latencyMs: LATENCY_MS,
    // The table shows nothing of it.
    execDetail: options.json || options.output?.some((path) => path !== '-') || false,
    environ: (options.environ || options.shellCommand) ?? false,
    rateLimit: options.rateLimit === undefined ? undefined : { perSecond: options.rateLimit },
  };
}

function commonPlugins(options: TraceOptions): readonly Plugin[] {
  return [
    processMetadata(),
    // Before the tree, which keeps names and paths for the lines of descendants.
    ...(options.redact === undefined ? [] : [redaction({ patterns: options.redact })]),
    ...(options.tree ? [processTree()] : []),
  ];
}

function printing(
  options: TraceOptions,
  command: readonly string[],
  output: TraceOutput,
  filter: EventFilter,
): Plugin {
  const common = {
    events: tracedEvents(options),
    where: filter.passes,
    write: (text: string, others: readonly number[]) => output.write(text, others),
  };
  if (options.summary) return summaryOutput({ ...common, json: options.json ?? false });
  if (options.shellCommand) return jsonLinesWithCommands(common, options.environ ?? false);
  if (options.tree)
    return options.json
      ? jsonLinesWithAncestors(common)
      : treeTable(options, common, rootsOf(options, command), command.length > 0);
  if (!options.json) return plainTable(options, common);
  return jsonLineBytes({
    events: common.events,
    where: filter.isOpen ? undefined : filter.passes,
    write(bytes, { others, events }) {
      if (filter.isOpen) filter.shown += events;
      return output.writeBytes(bytes, others);
    },
  });
}

function plainTable(options: TraceOptions, common: EventOutputOptions): Plugin {
  const table = newTable(options);
  return lineOutput({
    ...common,
    name: 'table',
    line: (event) => `${table.line(event)}\n`,
    notice: (notice) => `${table.notice(notice)}\n`,
  });
}

/** Indented below whoever the trace is about; on a whole host, below the first process. */
function treeTable(
  options: TraceOptions,
  common: EventOutputOptions,
  roots: ReadonlySet<number>,
  launched: boolean,
): Plugin {
  const table = newTable(options);
  return lineOutput({
    ...common,
    name: 'tree-table',
    needs: { tree: ProcessTreeService },
    notice: (notice) => `${table.notice(notice)}\n`,
    line(event, { tree }) {
      if (event.event === 'lost') return `${table.line(event)}\n`;
      const above = tree.ancestors(event.identity);
      const root = above.findIndex(({ pid }) => roots.has(pid));
      const below = root < 0 ? above.length : root + (launched ? 0 : 1);
      const depth = roots.has(event.pid) ? 0 : below;
      return `${table.line(event, depth)}\n`;
    },
  });
}

/** Who is at the top; a command is below ourselves, and at the top in our stead. */
function rootsOf({ pid }: TraceOptions, command: readonly string[]): ReadonlySet<number> {
  if (command.length > 0) return new Set([process.pid]);
  return new Set(pid ?? [1]);
}

function newTable({ columns, time }: TraceOptions): Table {
  const colour = palette(isTerminal(STDOUT));
  return new Table({ colour, columns, time, width: terminalWidth() });
}

function tableHeader(options: TraceOptions): string {
  return `${newTable(options).header()}\n`;
}

function scopeOf({ pid, redact = [] }: TraceOptions, command: readonly string[]): string {
  if (command.length > 0)
    return ` of ${commandLine(redactArguments(command, redact).slice(0, 1))} and its descendants`;
  if (pid !== undefined)
    return ` of ${pid.join(', ')} and ${pid.length === 1 ? 'its' : 'their'} descendants`;
  return '';
}

function summarize(
  session: Session,
  options: TraceOptions,
  { shown, hidden }: EventFilter,
  { undelivered }: TraceOutput,
  launched: boolean,
  files: FilesResult | undefined,
): void {
  const totals = session.totals();
  if (totals.foreign > 0 && options.pid === undefined && !launched)
    say(leftOut(`${totals.foreign} events`));
  const limits = options.rateLimit !== undefined;
  const events = isPrinted(options) ? tracedEvents(options) : recordedEvents(options);
  const short = files?.short ?? [];
  say(summaryLine(totals, { events, shown, hidden, limits, undelivered, short }));
}
