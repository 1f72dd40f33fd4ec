/**
 * Plugins that write events as text, a chunk for each batch. Nothing is dropped: a writer that is
 * slow is waited for, and then it is the ring buffer in the kernel that holds the events.
 */

import type { ProcessEvent } from '@waggle/events';
import type { EventKind } from '@waggle/kernel';
import { stringifyJson } from '@waggle/text';
import { definePlugin, type PluginContext, type Services } from '../../plugin/plugin.ts';
import type { Service } from '../../plugin/service.ts';
import { type SessionControl, SessionService } from '../../session/session-service.ts';
import { ProcessTreeService } from '../process-tree/index.ts';
import { EventJson } from './event-json.ts';
import { jsonLineBytes } from './json-line-bytes.ts';
import { lossOf, QUEUED_EVENTS } from './line-queue.ts';
import { WithheldCounts, type WithheldNotice } from './withheld.ts';

export { BriefLines } from './brief-lines.ts';
export { EventJson } from './event-json.ts';
export type { HiddenTexts } from './hidden-texts.ts';
export { type ByteOutputOptions, jsonLineBytes, type LineAccount } from './json-line-bytes.ts';
export type { WithheldNotice } from './withheld.ts';

export interface EventOutputOptions {
  /**
   * Where the text goes. A promise is waited for before the next chunk. `others` are the lines, by index,
   * that are about no event but about what is missing.
   */
  readonly write: (text: string, others: readonly number[]) => void | Promise<void>;
  /** Kinds to write. Losses of these are written too. Default exec and exit. */
  readonly events?: readonly EventKind[] | undefined;
  /** Which of them. Default all. */
  readonly where?: ((event: ProcessEvent) => boolean) | undefined;
}

export interface LineOutputOptions<Needs extends Services> extends EventOutputOptions {
  readonly name: string;
  /** Services of other plugins that lines are made with. */
  readonly needs?: Needs | undefined;
  /** One event's text, line feed included. */
  readonly line: (event: ProcessEvent, services: PluginContext<Needs>['services']) => string;
  /** The line of what is missing beside losses. Default: it is not written. */
  readonly notice?: ((notice: WithheldNotice) => string) | undefined;
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Under a name that no plugin takes for a service of its own. */
const WITHHELD_SESSION = 'session of lineOutput';

/**
 * Events as lines of a form of your own.
 *
 * - Needs: the kinds of events that it writes, the session (for what was withheld), and what `needs` names.
 * - Provides: nothing. It never drops an event: while `write` is waited for, events wait here, and then in
 *   the ring buffer, where losses are counted.
 * - Costs: what `line` costs; texts are joined by batch, so that there is one `write` for many events.
 *
 * ```ts
 * import { createAgent, lineOutput } from '@waggle/core';
 *
 * const ends = lineOutput({
 *   name: 'ends',
 *   events: ['exit'],
 *   write: (text) => void process.stdout.write(text),
 *   line: (event) => (event.event === 'exit' ? `${event.comm} ${event.exitCode}\n` : ''),
 * });
 * await using agent = await createAgent({ plugins: [ends] });
 * await agent.finished;
 * ```
 * @throws BadOption for an option that makes no sense.
 */
export const lineOutput = <const Needs extends Services = Record<never, Service>>(
  options: LineOutputOptions<Needs>,
) => {
  const { line, notice, write, where = () => true, events: kinds = ['exec', 'exit'] } = options;
  return definePlugin({
    name: options.name,
    kernel: { events: kinds },
    queue: { capacity: QUEUED_EVENTS, whenFull: 'block' },
    handlerTimeoutMs: Number.POSITIVE_INFINITY,
    needs: { ...(options.needs ?? ({} as Needs)), [WITHHELD_SESSION]: SessionService },
    setup: ({ services, warn }) => {
      const withheld = new WithheldCounts(
        services[WITHHELD_SESSION] as SessionControl,
        kinds,
        warn,
      );
      const textOf = (notices: readonly WithheldNotice[]): string =>
        notice === undefined ? '' : notices.map(notice).join('');
      return {
        observeBatch(events) {
          const notices = withheld.whenDue();
          let text = textOf(notices);
          const others: number[] = text === '' ? [] : [...notices.keys()];
          let lines = others.length;
          for (const event of events) {
            const wanted = event.event === 'lost' ? lossOf(event, kinds) : event;
            if (wanted === undefined) continue;
            if (wanted.event !== 'lost' && !kinds.includes(wanted.event)) continue;
            if (!where(wanted)) continue;
            if (wanted.event === 'lost') others.push(lines);
            text += line(wanted, services as PluginContext<Needs>['services']);
            lines++;
          }
          return text === '' ? undefined : (write(text, others) ?? undefined);
        },
        end() {
          const notices = withheld.now();
          const text = textOf(notices);
          return text === '' ? undefined : (write(text, [...notices.keys()]) ?? undefined);
        },
      };
    },
  });
};

/**
 * One JSON object a line, as `waggle trace --json` prints them. Needs, provides and costs are those of
 * lineOutput(), and 0.5 µs a line.
 *
 * ```ts
 * import { createAgent, jsonLines } from '@waggle/core';
 *
 * const out = jsonLines({
 *   write: (text) => void process.stdout.write(text),
 *   where: (event) => event.event !== 'exec' || event.uid === 0,
 * });
 * await using agent = await createAgent({ plugins: [out] });
 * await agent.finished;
 * ```
 * @throws BadOption for an option that makes no sense.
 */
export const jsonLines = (options: EventOutputOptions) =>
  jsonLineBytes({
    ...options,
    write: (bytes, { others }) => options.write(decoder.decode(bytes), others),
  });

/**
 * The same with the ancestors of each process, nearest first. Needs `ProcessTreeService` too.
 *
 * ```ts
 * import { createAgent, processTree } from '@waggle/core';
 * import { jsonLinesWithAncestors } from '@waggle/core/plugins/event-output';
 *
 * const write = (text: string) => void process.stdout.write(text);
 * await using agent = await createAgent({
 *   plugins: [processTree(), jsonLinesWithAncestors({ write })],
 * });
 * await agent.finished;
 * ```
 * @throws BadOption for an option that makes no sense.
 */
export const jsonLinesWithAncestors = (options: EventOutputOptions) => {
  const json = new EventJson();
  return lineOutput({
    ...options,
    name: 'json-lines',
    needs: { tree: ProcessTreeService },
    notice: (notice) => json.noticeLine(notice),
    line(event, { tree }) {
      if (event.event === 'lost') return json.line(event);
      const ancestors = tree
        .ancestors(event.identity)
        .map(({ pid, startTime, comm, filename }) => ({
          pid,
          startTime: startTime === undefined ? null : String(startTime),
          comm,
          filename,
        }));
      return `${stringifyJson({ ...json.fields(event), ancestors })}\n`;
    },
  });
};
