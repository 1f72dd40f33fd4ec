/** A page's connection: what it says is read here, and nothing else of it is believed. */

import { badRequest, Problem } from '../answers/problem.ts';
import { statusOf } from '../api/about.ts';
import type { Api } from '../api/api.ts';
import { filterOf } from '../api/events.ts';
import type { PageConnection } from '../api/pages.ts';
import { scopeOf } from '../api/parameters.ts';

/** Bytes of one message of a page: a filter. */
const MAX_MESSAGE = 4096;
const FIELDS = ['kind', 'failed', 'text', 'pid', 'start'] as const;

export interface SocketData {
  /** Gives its place back. */
  readonly leave: () => void;
}

type Socket = Bun.ServerWebSocket<SocketData>;

export function liveSocket(api: () => Api): Bun.WebSocketHandler<SocketData> {
  return {
    maxPayloadLength: MAX_MESSAGE,
    idleTimeout: 60,
    backpressureLimit: 1024 * 1024,
    closeOnBackpressureLimit: true,
    open(socket: Socket) {
      try {
        api().pages.open(socket, statusOf(api(), Date.now()));
      } catch (error) {
        socket.send(problemText(error, api()));
        socket.close(1011, 'what is served cannot be read');
      }
    },
    close(socket: Socket) {
      api().pages.close(socket);
      socket.data.leave();
    },
    message(socket: Socket, message) {
      try {
        hear(api(), socket, parsed(String(message)));
      } catch (error) {
        socket.send(problemText(error, api()));
      }
    },
  };
}

const noMessage = (): Problem => badRequest('bad-message', 'This is no message of a page.');

function problemText(error: unknown, { explain }: Api): string {
  const known = error instanceof Problem ? error : explain(error);
  const { message } = known ?? noMessage();
  return JSON.stringify({ type: 'problem', detail: message });
}

/** @throws Problem for what is no JSON */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw noMessage();
  }
}

function hear(api: Api, page: PageConnection, message: unknown): void {
  if (typeof message !== 'object' || message === null) throw noMessage();
  const said = message as Readonly<Record<string, unknown>>;
  if (said.type === 'pause') api.pages.pause(page, said.on === true);
  else if (said.type === 'want') {
    const parameters = new URLSearchParams();
    for (const name of FIELDS) {
      const value = said[name];
      if (typeof value === 'string' || typeof value === 'number')
        parameters.set(name, String(value));
    }
    const { after } = said;
    const now = Date.now();
    const span = { from: api.store.from(now), to: api.store.until(now) };
    const filter = filterOf(parameters, scopeOf(parameters, api.store, span));
    api.pages.want(page, filter, Number.isSafeInteger(after) ? (after as number) : undefined);
  } else throw noMessage();
}
