// Plugins that write events as text, a chunk for each batch. Nothing is dropped: a writer that is
// slow is waited for, and then it is the ring buffer in the kernel that holds the events.

import type { KernelHook } from '@waggle/bpf';
import { sumOf } from '../lifecycle/event-reader.ts';
import type { LostEvent, ProcessEvent } from '../lifecycle/process-event.ts';
import { definePlugin, type PluginContext, type Services } from '../plugin/plugin.ts';
import type { Service } from '../plugin/service.ts';
import { stringifyJson } from '../text/json.ts';
import { ProcessTreeService } from '../tree/process-tree-plugin.ts';
import { EventJson } from './event-json.ts';

export interface EventOutputOptions {
  /** Where the text goes. A promise is waited for before the next chunk. */
  readonly write: (text: string) => void | Promise<void>;
  /** Kinds to write. Losses of these are written too. Default exec and exit. */
  readonly events?: readonly KernelHook[];
  /** Which of them. Default all. */
  readonly where?: (event: ProcessEvent) => boolean;
}

export interface LineOutputOptions<Needs extends Services> extends EventOutputOptions {
  readonly name: string;
  /** Services of other plugins that lines are made with. */
  readonly needs?: Needs;
  /** One event's text, line feed included. */
  readonly line: (event: ProcessEvent, services: PluginContext<Needs>['services']) => string;
}

/** Events that may wait for a slow writer here; more wait in the kernel. */
const QUEUED_EVENTS = 16_384;

/** Lines of whatever form. */
export const lineOutput = <const Needs extends Services = Record<never, Service>>(
  options: LineOutputOptions<Needs>,
) => {
  const { line, write, where = () => true, events: kinds = ['exec', 'exit'] } = options;
  return definePlugin({
    name: options.name,
    kernel: { events: kinds },
    queue: { capacity: QUEUED_EVENTS, whenFull: 'block' },
    handlerTimeoutMs: Number.POSITIVE_INFINITY,
    ...(options.needs === undefined ? {} : { needs: options.needs }),
    setup: ({ services }) => ({
      observeBatch(events) {
        let text = '';
        for (const event of events) {
          const wanted = event.event === 'lost' ? lossOf(event, kinds) : event;
          if (wanted === undefined) continue;
          if (wanted.event !== 'lost' && !kinds.includes(wanted.event)) continue;
          if (where(wanted)) text += line(wanted, services);
        }
        return text === '' ? undefined : (write(text) ?? undefined);
      },
    }),
  });
};

/** One JSON object a line, as `waggle trace --json` prints them. */
export const jsonLines = (options: EventOutputOptions) => {
  const json = new EventJson();
  return lineOutput({ ...options, name: 'json-lines', line: (event) => json.line(event) });
};

/** The same with the ancestors of each process, nearest first. Needs the plugin processTree(). */
export const jsonLinesWithAncestors = (options: EventOutputOptions) => {
  const json = new EventJson();
  return lineOutput({
    ...options,
    name: 'json-lines',
    needs: { tree: ProcessTreeService },
    line(event, { tree }) {
      if (event.event === 'lost') return json.line(event);
      const ancestors = tree.ancestors(event).map(({ pid, startTime, comm, filename }) => ({
        pid,
        startTime: startTime === undefined ? null : String(startTime),
        comm,
        filename,
      }));
      return `${stringifyJson({ ...json.fields(event), ancestors })}\n`;
    },
  });
};

/** The loss of these kinds; of others the reader was not promised anything. */
function lossOf(event: LostEvent, kinds: readonly KernelHook[]): LostEvent | undefined {
  const count = sumOf(event.lost, kinds);
  return count === 0 ? undefined : { ...event, count };
}
