/**
 * `waggle run`: an agent of the user's own, from a module. It ends by a signal, by time, by itself
 * or with its command, and says at the end which plugins had trouble.
 */

import {
  type AgentDefinition,
  type AgentReport,
  createAgent,
  type PluginProblem,
  type PluginReport,
} from '@waggle/core';
import { PluginNotStarted, type WaggleError } from '@waggle/core/errors';
import { planPlugins } from '@waggle/core/session';
import { writeToStderr } from '@waggle/ffi/stderr';
import { printable } from '@waggle/text';
import * as Cause from 'effect/Cause';
import { FAILED, USAGE_ERROR } from '../../exit-code.ts';
import { counted } from '../../terminal/counted.ts';
import { say } from '../../terminal/messages.ts';
import { BadAgent, loadAgent } from './load-agent.ts';
import type { RunOptions } from './options.ts';

/** A handler that does not return for so long never will. */
const WATCHDOG_MS = 10_000;
/** Whoever runs it wonders by then. */
const SLOW_LOAD_MS = 10_000;
/** Long enough for a last request of an agent's own. */
const LEFT_OPEN_MS = 3000;
/** After a second Ctrl-C, as of a shell. */
const INTERRUPTED = 130;

export async function runAgent(
  file: string,
  args: readonly string[],
  options: RunOptions,
): Promise<number> {
  let definition: AgentDefinition;
  try {
    definition = await whileLoading(file, loadAgent(file, args));
  } catch (error) {
    if (!(error instanceof BadAgent)) throw error;
    say(error.message);
    sayWhere(error.cause);
    return USAGE_ERROR;
  }
  try {
    if (options.check) return check(file, definition);
    return leaveSoon(file, await run(file, definition, options));
  } catch (error) {
    if (!isWaggleError(error)) throw error;
    say(error.message);
    if (error instanceof PluginNotStarted) sayWhere(error.cause);
    return error._tag === 'CommandNotStarted' ? error.exitCode : FAILED;
  }
}

/** Says so where loading takes long, and ends where nothing is left that could end it. */
async function whileLoading<T>(file: string, loading: Promise<T>): Promise<T> {
  const waits = setTimeout(
    () =>
      say(
        `${file} is still loading: its module, or the function that it exports, awaits something`,
      ),
    SLOW_LOAD_MS,
  );
  // It alone is no reason to go on.
  waits.unref();
  const nothingLeft = () => {
    say(`${file} never finished loading: it awaits something that nothing is left to bring about`);
    process.exit(FAILED);
  };
  process.once('beforeExit', nothingLeft);
  try {
    return await loading;
  } finally {
    clearTimeout(waits);
    process.off('beforeExit', nothingLeft);
  }
}

/** What an agent leaves open (a timer, a socket) does not keep the process for ever. */
function leaveSoon(file: string, code: number): number {
  const late = setTimeout(() => {
    say(
      `${file} has ended, but something that it opened goes on (a timer, a socket): ended with it`,
    );
    process.exit(code);
  }, LEFT_OPEN_MS);
  late.unref();
  return code;
}

/** What every agent has besides its own plugins. */
const PROVIDED = ['process-metadata', 'profiler'];

function check(file: string, { plugins }: AgentDefinition): number {
  const standIns = PROVIDED.filter(
    (service) => !plugins.some(({ provides }) => provides === service),
  ).map((service) => ({ name: service, needs: [], provides: service }));
  const order = planPlugins([...standIns, ...plugins] as typeof plugins)
    .map(({ name }) => name)
    .filter((name) => !standIns.some((standIn) => standIn.name === name));
  say(`${file}: ${counted(order.length, 'plugin')} fit together: ${order.join(', ')}`);
  return 0;
}

async function run(
  file: string,
  definition: AgentDefinition,
  { duration }: RunOptions,
): Promise<number> {
  const left = new Set(definition.plugins.map(({ name }) => name));
  const reportProblem = definition.onPluginProblem ?? problemReporter();
  const agent = await createAgent<AgentDefinition['plugins']>({
    watchdogMs: WATCHDOG_MS,
    ...definition,
    // Nobody here iterates events.
    earlyEvents: 0,
    onPluginProblem(problem) {
      reportProblem(problem);
      if (problem.kind !== 'stopped') return;
      left.delete(problem.plugin);
      if (left.size === 0) setImmediate(() => agent.stop());
    },
  });
  say(`ready, running ${file} with ${counted(definition.plugins.length, 'plugin')}`);
  const timer =
    duration === undefined ? undefined : setTimeout(() => agent.stop(), duration * 1000);
  const report = await agent.finished;
  clearTimeout(timer);
  summarize(report);
  if (left.size === 0 && definition.plugins.length > 0) {
    say('every plugin was stopped, so there was nothing left to do');
    return FAILED;
  }
  // What the agent itself has under way is not waited for either.
  if (report.abandoned) process.exit(INTERRUPTED);
  return report.exitCode ?? 0;
}

/** Says where the first failure of each plugin happened; the others are alike. */
function problemReporter(): (problem: PluginProblem) => void {
  const shown = new Set<string>();
  return ({ plugin, message, cause }) => {
    say(message);
    if (cause === undefined || shown.has(plugin)) return;
    shown.add(plugin);
    sayWhere(cause);
  };
}

/** The stack of an agent's own mistake, for its author. */
function sayWhere(cause: unknown): void {
  const problem = Cause.isCause(cause) ? Cause.squash(cause) : cause;
  if (!(problem instanceof Error) || problem.stack === undefined) return;
  // The frames alone: the message has been said.
  const frames = problem.stack.split('\n').filter((line) => /^\s+at /.test(line));
  if (frames.length > 0) writeToStderr(`${frames.map(printable).join('\n')}\n`);
}

function summarize({ events, plugins }: AgentReport): void {
  for (const plugin of plugins) {
    const trouble = troubleOf(plugin);
    if (trouble !== '') say(`plugin "${plugin.name}": ${trouble}`);
  }
  const sum = (counts: Readonly<Record<string, number>>) =>
    Object.values(counts).reduce((total, count) => total + count, 0);
  say(
    `${sum(events.delivered)} events, ${sum(events.lost)} lost, ${sum(events.filtered)} suppressed`,
  );
}

function troubleOf(plugin: PluginReport): string {
  const words = [`${counted(plugin.handled, 'event')} handled`];
  if (plugin.failures > 0)
    words.push(`failed ${counted(plugin.failures, 'time')} (${plugin.lastFailure})`);
  if (plugin.dropped > 0) words.push(`${plugin.dropped} dropped by its full queue`);
  if (plugin.undelivered > 0) words.push(`${plugin.undelivered} not delivered`);
  if (plugin.state === 'stopped') words.push(`stopped: ${plugin.reason}`);
  return words.length === 1 ? '' : words.join(', ');
}

function isWaggleError(error: unknown): error is WaggleError {
  return error instanceof Error && '_tag' in error;
}
