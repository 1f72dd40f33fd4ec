/**
 * Events as they come: server-sent events or lines of JSON. A reader has no queue but a place among the lines that
 * are kept: what it does not take stays there until it is too old, and then it is told how many it has missed.
 */

import type { LineTest } from '../store/event-filter.ts';
import type { LiveStore } from '../store/live-store.ts';

/** Bytes of one piece. */
const PIECE = 64 * 1024;
/** Lines that are looked at for one piece: where few pass, others get their turn in between. */
const LOOKED_AT = 20_000;
/** So that proxies and clients see that it lives. */
const ALIVE_MS = 15_000;

export interface EventForm {
  readonly type: string;
  /** @param id names the last event that the reader has with it */
  line(line: string, id: string): string;
  readonly alive: string;
}

export const SERVER_SENT: EventForm = {
  type: 'text/event-stream',
  line: (line, id) => `id: ${id}\ndata: ${line}\n\n`,
  alive: ': alive\n\n',
};

export const JSON_LINES: EventForm = {
  type: 'application/x-ndjson',
  line: (line) => `${line}\n`,
  // White space between values is JSON's own.
  alive: '\n',
};

/** As `trace --json` writes events that were not seen. */
function missedLine(count: number): string {
  return JSON.stringify({ event: 'lost', time: new Date().toISOString(), count });
}

/** Nobody knows how many events there were between two runs. */
function gapLine(): string {
  const reason =
    'waggle serve was restarted: events between the last one of the earlier run and the first one here were not recorded, or are gone';
  return JSON.stringify({ event: 'gap', time: new Date().toISOString(), reason });
}

/** Numbers of lines begin anew with each run: an id says whose it is. */
const eventId = (run: string, number: number): string => `${run}:${number}`;

/** Where a reader goes on. */
export interface ReadUntil {
  /** Of the last line that it has. */
  readonly number: number;
  /** What it had was of another run: all that is kept is new to it, and what lies between is not. */
  readonly isOfAnotherRun: boolean;
}

/**
 * @param id of an event; a number alone is of this run
 * @returns undefined for what is no id
 */
export function readUntil(id: string, run: string, last: number): ReadUntil | undefined {
  const [, ofRun = run, digits] = /^(?:([0-9a-f-]{1,64}):)?(\d{1,15})$/.exec(id) ?? [];
  if (digits === undefined) return undefined;
  const number = Number(digits);
  const isOfAnotherRun = ofRun !== run || number > last;
  return { number: isOfAnotherRun ? 0 : number, isOfAnotherRun };
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
  readonly run: string;
  readonly after: ReadUntil;
  readonly passes: LineTest | undefined;
  readonly signal: AbortSignal;
  readonly ended: () => void;
}

/** Endless, until the reader goes or the signal aborts. */
export function eventStream(options: StreamOptions): ReadableStream<Uint8Array> {
  const { store, bell, form, run, passes, signal, ended } = options;
  const encoder = new TextEncoder();
  let at = options.after.number;
  let isBegun = false;
  let hasGap = options.after.isOfAnotherRun;
  /** What there is to send now. */
  const piece = (): string => {
    let text = '';
    const { first } = store.events;
    if (at < first - 1) {
      // After a gap that nobody can count this number would say too little.
      if (!hasGap) text += form.line(missedLine(first - 1 - at), eventId(run, first - 1));
      at = first - 1;
    }
    if (hasGap) text += form.line(gapLine(), eventId(run, at));
    hasGap = false;
    let looked = 0;
    for (const line of store.events.after(at)) {
      at = line.number;
      if (passes === undefined || passes(line.line))
        text += form.line(line.line, eventId(run, line.number));
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
          const hasNews = hasGap || at < store.events.last;
          const text = hasNews ? piece() : waited ? form.alive : '';
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
