/** The way of a request: is there a place, may who sent it ask, what for; and its answer, or why there is none. */

import { Places } from '../answers/limits.ts';
import { badRequest, notFound, Problem } from '../answers/problem.ts';
import { COMMON_HEADERS } from '../answers/reply.ts';
import type { Api, Ask } from '../api/api.ts';
import { type Access, isLoopback } from './access.ts';
import { type Client, ClientRates, clientOf, keyOf } from './clients.ts';
import type { SocketData } from './live-socket.ts';
import { LIVE, LOGIN, ROUTES } from './routes.ts';

const MAX_URL = 4096;
const MAX_REQUESTS = 256;
const MAX_PAGES = 64;
const PAGES_OF_ONE = 48;

type Server = Bun.Server<SocketData>;

export class Requests {
  readonly #api: Api;
  readonly #access: () => Access;
  readonly #failed: (error: unknown) => void;
  readonly #places = new Places('requests', MAX_REQUESTS);
  readonly #pages = new Places('pages', MAX_PAGES, PAGES_OF_ONE);
  readonly #rates = new ClientRates();

  /**
   * @param access asked for once requests come: it depends on the port
   * @param failed told of what went wrong here, and is no mistake of who asked
   */
  constructor(api: Api, access: () => Access, failed: (error: unknown) => void) {
    this.#api = api;
    this.#access = access;
    this.#failed = failed;
  }

  /** @returns undefined for a connection that goes on as a WebSocket */
  async respond(request: Request, server: Server): Promise<Response | undefined> {
    let response: Response | undefined;
    let leave: (() => void) | undefined;
    try {
      leave = this.#places.take();
      response = await this.#answer(request, server);
    } catch (error) {
      response = this.problem(error);
    } finally {
      leave?.();
    }
    if (response === undefined) return undefined;
    this.#api.live?.metrics.addRequest(routeOf(request), response.status);
    for (const [name, value] of Object.entries(COMMON_HEADERS)) response.headers.set(name, value);
    return response;
  }

  /** What went wrong, as an answer. */
  problem(error: unknown): Response {
    const known = error instanceof Problem ? error : this.#api.explain(error);
    if (known !== undefined) return known.toResponse();
    this.#failed(error);
    return internal().toResponse();
  }

  async #answer(request: Request, server: Server): Promise<Response | undefined> {
    if (request.url.length > MAX_URL) throw tooLong();
    const access = this.#access();
    access.checkPlace(request);
    const url = URL.parse(request.url);
    if (url === null) throw badRequest('bad-url', 'The URL of the request is none.');
    const path = url.pathname;
    if (path === LIVE) {
      onlyMethods(request, ['GET']);
      access.checkToken(request, url);
      return this.#upgrade(request, server, this.#clientOf(request, server));
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
    const client = this.#clientOf(request, server);
    if (route.isComputed) this.#rates.take(client, Date.now());
    const ask: Ask = {
      request,
      url,
      client: keyOf(client),
      now: this.#api.store.until(Date.now()),
      keepOpen: () => server.timeout(request, 0),
      gone: AbortSignal.any([request.signal, this.#api.ending]),
    };
    return route.handle(this.#api, ask);
  }

  #clientOf(request: Request, server: Server): Client {
    const peer = server.requestIP(request)?.address;
    const isShared = isLoopback(peer ?? '') || this.#access().isProxied(request);
    return clientOf(request, peer, isShared);
  }

  #upgrade(request: Request, server: Server, client: Client): Response | undefined {
    const leave = this.#pages.take(keyOf(client));
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

const internal = (): Problem =>
  new Problem({
    code: 'internal',
    status: 500,
    title: 'This is a mistake of waggle',
    detail: 'It is said on the terminal where waggle serve runs. Everything else goes on.',
  });
