/**
 * Events as they come: server-sent events or lines of JSON. A reader has no queue but a place among the lines that
 * are kept: what it does not take stays there until it is too old, and then it is told how many it has missed.
 */

import type { LineTest } from '../store/event-filter.ts';
import type { EventLine } from '../store/event-lines.ts';
import type { LiveStore } from '../store/live-store.ts';

/** Bytes of one piece. */
const PIECE = 64 * 1024;
/** Lines that are looked at for one piece: where few pass, others get their turn in between. */
const LOOKED_AT = 20_000;
/** So that proxies and clients see that it lives. */
const ALIVE_MS = 15_000;

export interface EventForm {
  readonly type: string;
  line(line: EventLine): string;
  missed(count: number, next: number): string;
  readonly alive: string;
}

export const SERVER_SENT: EventForm = {
  type: 'text/event-stream',
  line: ({ number, line }) => `id: ${number}\ndata: ${line}\n\n`,
  missed: (count, next) => `id: ${next - 1}\ndata: ${missedLine(count)}\n\n`,
  alive: ': alive\n\n',
};

export const JSON_LINES: EventForm = {
  type: 'application/x-ndjson',
  line: ({ line }) => `${line}\n`,
  missed: (count) => `${missedLine(count)}\n`,
  // White space between values is JSON's own.
  alive: '\n',
};

/** As `trace --json` writes events that were not seen. */
function missedLine(count: number): string {
  return JSON.stringify({ event: 'lost', time: new Date().toISOString(), count });
}

/** Wakes those that wait for new events. */
export class Bell {
  readonly #waiting = new Set<() => void>();

  ring(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  /** Resolves at the next ring, or after so many milliseconds, or when the signal aborts. */
  wait(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      this.#waiting.add(wake);
      signal.addEventListener('abort', wake);
      if (signal.aborted) wake();
    });
  }
}

export interface StreamOptions {
  readonly store: LiveStore;
  readonly bell: Bell;
  readonly form: EventForm;
  /** Lines after this one. */
  readonly after: number;
  readonly passes: LineTest | undefined;
  readonly signal: AbortSignal;
  readonly ended: () => void;
}

/** Endless, until the reader goes or the signal aborts. */
export function eventStream(options: StreamOptions): ReadableStream<Uint8Array> {
  const { store, bell, form, passes, signal, ended } = options;
  const encoder = new TextEncoder();
  let at = options.after;
  let isBegun = false;
  /** What there is to send now. */
  const piece = (): string => {
    let text = '';
    const { first } = store.events;
    if (at < first - 1) {
      text += form.missed(first - 1 - at, first);
      at = first - 1;
    }
    let looked = 0;
    for (const line of store.events.after(at)) {
      at = line.number;
      if (passes === undefined || passes(line.line)) text += form.line(line);
      if (text.length > PIECE || ++looked > LOOKED_AT) break;
    }
    return text;
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        // Headers go out with the first bytes: a client that waits for them would wait for an event.
        if (!isBegun) {
          isBegun = true;
          controller.enqueue(encoder.encode(form.alive));
          return;
        }
        for (let waited = false; ; ) {
          if (signal.aborted) {
            ended();
            controller.close();
            return;
          }
          const text = at < store.events.last ? piece() : waited ? form.alive : '';
          if (text !== '') {
            controller.enqueue(encoder.encode(text));
            return;
          }
          if (at < store.events.last) await Bun.sleep(0);
          else {
            await bell.wait(ALIVE_MS, signal);
            waited = at >= store.events.last;
          }
        }
      },
      cancel: ended,
    },
    { highWaterMark: 1 },
  );
}
