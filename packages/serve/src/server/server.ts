/**
 * The server: who may ask, what, and how much at once. Everything else is in the handlers of routes.
 */

import { randomUUID } from 'node:crypto';
import { AnswerCache } from '../answers/answer-cache.ts';
import { Places, TokenBucket } from '../answers/limits.ts';
import { badRequest, notFound, Problem } from '../answers/problem.ts';
import { COMMON_HEADERS } from '../answers/reply.ts';
import type { Api, Ask, LiveSide } from '../api/api.ts';
import { Bell } from '../api/events-stream.ts';
import { LivePages } from '../api/live-pages.ts';
import { RecordedPages } from '../api/pages.ts';
import type { KeptHost } from '../store/kept-host.ts';
import { Access } from './access.ts';
import { liveSocket, type SocketData } from './live-socket.ts';
import { LIVE, LOGIN, ROUTES } from './routes.ts';

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
const MAX_URL = 4096;
const MAX_REQUESTS = 256;
const MAX_PAGES = 64;
const MAX_STREAMS = 64;
const MAX_COMPUTING = 16;
const MAX_WAITING = 32;
const RATE = 100;
const BURST = 300;

/** @throws with the code EADDRINUSE, EADDRNOTAVAIL, EACCES where it cannot listen */
export function startServer(options: ServerOptions): RunningServer {
  const { store, hostname } = options;
  const ending = new AbortController();
  const live = options.live && liveSide(options.live);
  const pages = live === undefined ? new RecordedPages(store) : new LivePages(live.store);
  const requests = new Places('requests', MAX_REQUESTS);
  const pagePlaces = new Places('pages', MAX_PAGES);
  const rate = new TokenBucket(RATE, BURST);
  const api: Api = {
    store,
    live,
    pages,
    answers: new AnswerCache(),
    computing: new Places('answers that are computed', MAX_COMPUTING),
    version: options.version,
    run: randomUUID(),
    cpus: options.cpus,
    ending: ending.signal,
  };
  let access: Access;

  async function answer(
    request: Request,
    server: Bun.Server<SocketData>,
  ): Promise<Response | undefined> {
    if (request.url.length > MAX_URL) throw tooLong();
    access.checkPlace(request);
    const url = URL.parse(request.url);
    if (url === null) throw badRequest('bad-url', 'The URL of the request is none.');
    const path = url.pathname;
    if (path === LIVE) {
      onlyMethods(request, ['GET']);
      access.checkToken(request, url);
      return upgrade(request, server);
    }
    if (path === LOGIN) {
      onlyMethods(request, ['POST']);
      access.checkToken(request, url);
      return new Response(null, { status: 204, headers: { 'set-cookie': access.cookieHeader() } });
    }
    const route = Object.hasOwn(ROUTES, path) ? ROUTES[path] : undefined;
    // Who has no token is not told what there is.
    if (route?.isOpen !== true) access.checkToken(request, url);
    if (route === undefined)
      throw notFound(
        'no-such-path',
        'There is nothing at this path. GET /openapi.json lists what there is.',
      );
    onlyMethods(request, ['GET', 'HEAD']);
    if (route.isComputed) rate.take(Date.now());
    const ask: Ask = {
      request,
      url,
      now: store.until(Date.now()),
      keepOpen: () => server.timeout(request, 0),
      gone: AbortSignal.any([request.signal, ending.signal]),
    };
    return route.handle(api, ask);
  }

  function upgrade(request: Request, server: Bun.Server<SocketData>): Response | undefined {
    const leave = pagePlaces.take();
    if (server.upgrade(request, { data: { leave } })) return undefined;
    leave();
    throw new Problem({
      code: 'no-upgrade',
      status: 426,
      title: 'A WebSocket is needed',
      detail: 'This path is the connection of the page. Programs ask GET /api/events.',
      headers: { upgrade: 'websocket', connection: 'upgrade' },
    });
  }

  const server = Bun.serve<SocketData>({
    hostname,
    port: options.port,
    idleTimeout: IDLE_SECONDS,
    maxRequestBodySize: MAX_BODY,
    websocket: liveSocket(() => api),
    async fetch(request, running) {
      let response: Response | undefined;
      let leave: (() => void) | undefined;
      try {
        leave = requests.take();
        response = await answer(request, running);
      } catch (error) {
        response = problemOf(error, options.failed).toResponse();
      } finally {
        leave?.();
      }
      if (response === undefined) return undefined;
      live?.metrics.addRequest(routeOf(request), response.status);
      for (const [name, value] of Object.entries(COMMON_HEADERS)) response.headers.set(name, value);
      return response;
    },
    error: (error) => problemOf(error, options.failed).toResponse(),
  });
  const port = server.port ?? options.port;
  access = new Access({
    token: options.token,
    hostname,
    port,
    allowedHosts: options.allowedHosts ?? [],
  });
  return {
    port,
    hostname,
    url: `http://${hostForUrl(hostname)}:${port}/#token=${options.token}`,
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
    streams: new Places('streams', MAX_STREAMS),
    waiting: new Places('profiles that are waited for', MAX_WAITING),
  };
}

/** No token and no name of a process: only our own paths. */
function routeOf(request: Request): string {
  const path = URL.parse(request.url)?.pathname ?? '';
  return Object.hasOwn(ROUTES, path) || path === LOGIN || path === LIVE ? path : 'other';
}

function onlyMethods({ method }: Request, allowed: readonly string[]): void {
  if (allowed.includes(method)) return;
  throw new Problem({
    code: 'method-not-allowed',
    status: 405,
    title: 'This path has no such method',
    detail: `It answers ${allowed.join(' and ')}.`,
    headers: { allow: allowed.join(', ') },
  });
}

const tooLong = (): Problem =>
  new Problem({
    code: 'url-too-long',
    status: 414,
    title: 'The URL is too long',
    detail: `URLs may have ${MAX_URL} characters.`,
  });

function problemOf(error: unknown, failed: (error: unknown) => void): Problem {
  if (error instanceof Problem) return error;
  failed(error);
  return new Problem({
    code: 'internal',
    status: 500,
    title: 'This is a mistake of waggle',
    detail: 'It is said on the terminal where waggle serve runs. Everything else goes on.',
  });
}

/** An address of every interface is none that can be opened. */
function hostForUrl(hostname: string): string {
  if (hostname === '0.0.0.0') return '127.0.0.1';
  if (hostname === '::') return '[::1]';
  return hostname.includes(':') ? `[${hostname}]` : hostname;
}
