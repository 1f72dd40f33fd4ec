/**
 * Who may ask. Other users of this host reach a loopback port too, and pages from elsewhere reach it through a
 * browser: so a token for everything that says something of the host, a Host that is ours (a name of somebody
 * else's that resolves to us is DNS rebinding), and an Origin that is ours.
 */

import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import { Problem } from '../answers/problem.ts';

export interface AccessOptions {
  readonly token: string;
  /** Where it listens: an address, and the port that the kernel gave. */
  readonly hostname: string;
  readonly port: number;
  /** Names under which a proxy or the person's own DNS has it, without port. */
  readonly allowedHosts: readonly string[];
}

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]'];

export class Access {
  readonly cookieName: string;
  readonly #tokenDigest: Buffer;
  readonly #cookieDigest: Buffer;
  readonly #cookie: string;
  readonly #port: number;
  readonly #names: ReadonlySet<string>;
  readonly #proxies: ReadonlySet<string>;
  readonly #isAnyAddress: boolean;

  constructor({ token, hostname, port, allowedHosts }: AccessOptions) {
    this.#tokenDigest = digest(token);
    // Not the token itself: cookies of one port go to all ports of a host.
    this.#cookie = createHmac('sha256', token).update('cookie').digest('base64url');
    this.#cookieDigest = digest(this.#cookie);
    this.cookieName = `waggle-${port}`;
    this.#port = port;
    this.#isAnyAddress = hostname === '0.0.0.0' || hostname === '::';
    const own = isIP(hostname) === 6 ? `[${hostname}]` : hostname;
    this.#proxies = new Set(allowedHosts.map((name) => name.toLowerCase()));
    this.#names = new Set(
      [
        ...(isLoopback(hostname) || this.#isAnyAddress ? LOOPBACK_NAMES : []),
        own,
        ...allowedHosts,
      ].map((name) => name.toLowerCase()),
    );
  }

  /** @throws Problem 421 for a Host that is not ours, 403 for an Origin of somebody else. */
  checkPlace(request: Request): void {
    const host = request.headers.get('host');
    if (!this.#isOwnHost(host)) throw foreignHost();
    const origin = request.headers.get('origin');
    if (origin !== null && !this.#isOwnOrigin(origin, host ?? '')) throw foreignOrigin();
    // Another port of the same host is another site's page that our cookie goes along with.
    const site = request.headers.get('sec-fetch-site');
    if (site !== null && site !== 'same-origin' && site !== 'none' && !isNavigation(request))
      throw foreignOrigin();
  }

  /** @throws Problem 401 without the token. */
  checkToken(request: Request, url: URL): void {
    if (!this.#hasToken(request, url)) throw noToken();
  }

  /** It was asked for under a name that was allowed besides our own address: usually by a proxy, for many. */
  isProxied(request: Request): boolean {
    const host = request.headers.get('host')?.toLowerCase() ?? '';
    return this.#proxies.has(host.replace(/:\d+$/, ''));
  }

  /** What the page gets for its token: a cookie that scripts cannot read and other sites cannot send. */
  cookieHeader(): string {
    return `${this.cookieName}=${this.#cookie}; HttpOnly; SameSite=Strict; Path=/`;
  }

  #hasToken(request: Request, url: URL): boolean {
    const authorization = request.headers.get('authorization');
    if (authorization !== null) {
      const [, bearer] = /^Bearer +(\S+)$/i.exec(authorization) ?? [];
      return bearer !== undefined && equal(bearer, this.#tokenDigest);
    }
    const { method } = request;
    if (method === 'GET' || method === 'HEAD') {
      const inUrl = url.searchParams.get('token');
      if (inUrl !== null) return equal(inUrl, this.#tokenDigest);
    }
    return cookiesNamed(request, this.cookieName).some((value) => equal(value, this.#cookieDigest));
  }

  #isOwnHost(host: string | null): boolean {
    const [, name = '', port = '80'] =
      /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::(\d+))?$/i.exec(host ?? '') ?? [];
    if (name === '') return false;
    const isNamed = this.#names.has(name.toLowerCase());
    if (Number(port) === this.#port) {
      // An address cannot be rebound: only names can.
      return isNamed || (this.#isAnyAddress && isIP(name.replace(/^\[|\]$/g, '')) !== 0);
    }
    // Behind a proxy the port is the proxy's.
    return isNamed && !LOOPBACK_NAMES.includes(name.toLowerCase());
  }

  /** The page's own, whatever the scheme: a proxy may speak TLS. */
  #isOwnOrigin(origin: string, host: string): boolean {
    return origin === `http://${host}` || origin === `https://${host}`;
  }
}

/** Somebody followed a link or typed the address: what they see is not readable for who made the link. */
function isNavigation(request: Request): boolean {
  return (
    request.method === 'GET' &&
    request.headers.get('sec-fetch-mode') === 'navigate' &&
    request.headers.get('sec-fetch-dest') === 'document'
  );
}

export function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname === '::1' ||
    /^(?:::ffff:)?127(?:\.\d+){3}$/i.test(hostname)
  );
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** In the same time, however much of it is right. */
const equal = (given: string, wanted: Buffer): boolean => timingSafeEqual(digest(given), wanted);

function cookiesNamed(request: Request, name: string): string[] {
  return (request.headers.get('cookie') ?? '')
    .split(';')
    .map((part) => part.trim())
    .filter((part) => part.startsWith(`${name}=`))
    .map((part) => part.slice(name.length + 1));
}

const foreignHost = () =>
  new Problem({
    code: 'foreign-host',
    status: 421,
    title: 'This is not the host that was asked for',
    detail:
      'The Host of the request is not the address that waggle serve printed. Use that URL; behind a proxy, start waggle with --allow-host NAME.',
  });

const foreignOrigin = () =>
  new Problem({
    code: 'foreign-origin',
    status: 403,
    title: 'Refused',
    detail:
      'The request comes from a page of another site. Only the page of waggle serve itself may ask.',
  });

const noToken = () =>
  new Problem({
    code: 'no-token',
    status: 401,
    title: 'A token is needed',
    detail:
      'The token is missing, wrong, or of an earlier run. It is in the URL that waggle serve printed: send it as `Authorization: Bearer TOKEN`, or as `?token=TOKEN` with GET.',
    headers: { 'www-authenticate': 'Bearer realm="waggle"' },
  });
