/**
 * The connection to the server: opened again whenever it breaks, a little later each time, and after each opening
 * events go on behind the last one that came, so that there is no gap.
 */

import type { PageSocket, PageWindow } from './dom.ts';
import { Refusal, type Server } from './server.ts';

export interface Hello {
  readonly run: string;
  readonly host: string;
  /** What of it is shown. */
  readonly target: string | null;
  readonly cpus: number;
  readonly version: string;
  readonly reveal: boolean;
  /** What is shown is over: there is no live. */
  readonly recorded: boolean;
  readonly now: number;
  readonly keepMs: number;
  readonly oldest: number;
  readonly sampledUntil: number | null;
  readonly events: number;
  readonly lostEvents: number;
}

export type EventFields = Readonly<Record<string, unknown>>;
export type NumberedEvent = readonly [number: number, fields: EventFields];

export interface Tick {
  readonly now: number;
  readonly sampledUntil: number;
  readonly lostEvents: number;
  readonly last: number;
  readonly skipped: number;
  readonly activity: readonly (readonly (number | null)[])[];
  readonly events: readonly NumberedEvent[];
}

export type ConnectionState = 'connecting' | 'open' | 'reconnecting' | 'refused';

export interface ConnectionEvents {
  state(state: ConnectionState): void;
  /** @param isAnother run of waggle than before: what it kept is gone */
  hello(hello: Hello, isAnother: boolean): void;
  tick(tick: Tick): void;
  problem(detail: string): void;
  /** A token is needed. */
  refused(): void;
}

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5000;

export function connect(window: PageWindow, server: Server, events: ConnectionEvents) {
  let socket: PageSocket | undefined;
  let wanted: object = {};
  let last: number | undefined;
  let run: string | undefined;
  let wait = FIRST_WAIT_MS;
  let timer = 0;

  function send(message: object): void {
    if (socket?.readyState === 1) socket.send(JSON.stringify(message));
  }

  function want(): void {
    send({ type: 'want', ...wanted, after: last });
  }

  function hear(message: { readonly type: string; readonly detail?: string }): void {
    if (message.type === 'hello') {
      const hello = message as unknown as Hello;
      const isAnother = run !== undefined && run !== hello.run;
      if (isAnother) last = undefined;
      run = hello.run;
      wait = FIRST_WAIT_MS;
      last ??= hello.events;
      want();
      events.state('open');
      events.hello(hello, isAnother);
    } else if (message.type === 'tick') {
      const tick = message as unknown as Tick;
      last = tick.last;
      events.tick(tick);
    } else events.problem(message.detail ?? '');
  }

  function open(): void {
    const scheme = window.location.protocol === 'https:' ? 'wss' : 'ws';
    const made = new window.WebSocket(`${scheme}://${window.location.host}/api/live`);
    socket = made;
    made.addEventListener('message', ({ data }) => {
      if (socket === made) hear(JSON.parse(String(data)));
    });
    made.addEventListener('close', () => {
      if (socket === made) void again();
    });
  }

  /** A browser does not say why it could not connect: another request tells a refusal from silence. */
  async function again(): Promise<void> {
    socket = undefined;
    events.state(run === undefined ? 'connecting' : 'reconnecting');
    try {
      await server.json('api/status');
    } catch (error) {
      if (error instanceof Refusal && error.status === 401) {
        events.state('refused');
        events.refused();
        return;
      }
    }
    window.clearTimeout(timer);
    timer = window.setTimeout(open, wait);
    wait = Math.min(wait * 2, LONGEST_WAIT_MS);
  }

  return {
    start(): void {
      wait = FIRST_WAIT_MS;
      void again();
    },
    /** Which events are to come. */
    want(filter: object): void {
      wanted = filter;
      want();
    },
    /** No events come until `goOn()`. */
    pause(): void {
      send({ type: 'pause', on: true });
    },
    /** @param after those behind this one, where it is known */
    goOn(after: number | undefined): void {
      last = after ?? last;
      want();
      send({ type: 'pause', on: false });
    },
  };
}
