/** The server: what it keeps while it runs, and how it ends. What becomes of a request is in requests.ts. */

import { randomUUID } from 'node:crypto';
import { AnswerCache } from '../answers/answer-cache.ts';
import { Places } from '../answers/limits.ts';
import type { Problem } from '../answers/problem.ts';
import type { Api, LiveSide } from '../api/api.ts';
import { Bell } from '../api/events-stream.ts';
import { LivePages } from '../api/live-pages.ts';
import { RecordedPages } from '../api/pages.ts';
import type { KeptHost } from '../store/kept-host.ts';
import { Access } from './access.ts';
import { liveSocket, type SocketData } from './live-socket.ts';
import { Requests } from './requests.ts';

export interface ServerOptions {
  readonly store: KeptHost;
  /** Undefined for a recording. */
  readonly live: Pick<LiveSide, 'store' | 'metrics' | 'cycles'> | undefined;
  /** An address of this host, or `localhost`. */
  readonly hostname: string;
  /** 0 for one that is free. */
  readonly port: number;
  readonly token: string;
  /** Further names under which it may be asked for. Default: none. */
  readonly allowedHosts?: readonly string[] | undefined;
  readonly version: string;
  readonly cpus: number;
  /** What went wrong here, and is no mistake of who asked. */
  failed(error: unknown): void;
  /** What of that is no mistake of waggle either. Default: nothing. */
  explain?(error: unknown): Problem | undefined;
}

export interface RunningServer extends AsyncDisposable {
  readonly port: number;
  readonly hostname: string;
  /** What a person opens: the page with its token, which browsers do not send behind a `#`. */
  readonly url: string;
  /** There are new events. */
  wake(): void;
}

/** Seconds without a byte, after which a connection ends: slow requests hold nothing for long. */
const IDLE_SECONDS = 10;
/** Nothing has a body. */
const MAX_BODY = 1024;
const MAX_STREAMS = 64;
const STREAMS_OF_ONE = 48;
const MAX_COMPUTING = 16;
/** A hundred thousand events take some hundred megabytes meanwhile. */
const MAX_WRITING = 2;
const MAX_WAITING = 32;
const WAITING_OF_ONE = 24;

/** @throws NodeJS.ErrnoException with the code EADDRINUSE, EADDRNOTAVAIL, EACCES where it cannot listen */
export function startServer(options: ServerOptions): RunningServer {
  const { store, hostname, token } = options;
  const ending = new AbortController();
  const live = options.live && liveSide(options.live);
  const pages = live === undefined ? new RecordedPages(store) : new LivePages(live.store);
  const api: Api = {
    ...{ store, live, pages, version: options.version, cpus: options.cpus },
    answers: new AnswerCache(),
    computing: new Places('answers that are computed', MAX_COMPUTING),
    writing: new Places('files of events', MAX_WRITING),
    run: randomUUID(),
    explain: options.explain ?? (() => undefined),
    ending: ending.signal,
  };
  let access: Access;
  const requests = new Requests(
    api,
    () => access,
    (error) => options.failed(error),
  );
  const server = Bun.serve<SocketData>({
    hostname,
    port: options.port,
    idleTimeout: IDLE_SECONDS,
    maxRequestBodySize: MAX_BODY,
    websocket: liveSocket(() => api),
    fetch: (request, running) => requests.respond(request, running),
    error: (error) => requests.problem(error),
  });
  const port = server.port ?? options.port;
  access = new Access({ token, hostname, port, allowedHosts: options.allowedHosts ?? [] });
  return {
    port,
    hostname,
    url: `http://${hostForUrl(hostname)}:${port}/#token=${token}`,
    wake() {
      live?.bell.ring();
      pages.wake();
    },
    async [Symbol.asyncDispose]() {
      ending.abort();
      pages[Symbol.dispose]();
      // What is under way has a moment to end.
      await Promise.race([server.stop(false), Bun.sleep(500)]);
      await server.stop(true);
    },
  };
}

function liveSide(given: Pick<LiveSide, 'store' | 'metrics' | 'cycles'>): LiveSide {
  return {
    ...given,
    bell: new Bell(),
    streams: new Places('streams', MAX_STREAMS, STREAMS_OF_ONE),
    waiting: new Places('profiles of the seconds to come', MAX_WAITING, WAITING_OF_ONE),
  };
}

/** An address of every interface is none that can be opened. */
function hostForUrl(hostname: string): string {
  if (hostname === '0.0.0.0') return '127.0.0.1';
  if (hostname === '::') return '[::1]';
  return hostname.includes(':') ? `[${hostname}]` : hostname;
}
