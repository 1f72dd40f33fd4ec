/**
 * What the page asks the server, and how it knows that it may: a token from the address becomes a cookie, and is
 * then nowhere to be read. Answers that are refused say why.
 */

import type { PageWindow } from './dom.ts';
import type { ScopedProcess, Span } from './state.ts';

export class Refusal extends Error {
  constructor(
    readonly status: number,
    /** As the server's problem has it. */
    readonly code: string,
    detail: string,
  ) {
    super(detail);
  }
}

type Answer = Awaited<ReturnType<PageWindow['fetch']>>;

export type Query = Readonly<Record<string, string | number | undefined>>;

export interface Server {
  /** @throws Refusal */
  json<Answer>(path: string, query?: Query): Promise<Answer>;
  /** As it came, to be handed on. @throws Refusal */
  text(path: string, query?: Query): Promise<string>;
  /** The same as bytes. @throws Refusal */
  bytes(path: string, query?: Query): Promise<ArrayBuffer>;
  url(path: string, query: Query): string;
  /** @throws Refusal for a token that is wrong */
  logIn(token: string): Promise<void>;
}

export function serverOf(window: PageWindow): Server {
  const url = (path: string, query: Query = {}): string => {
    const parameters = new window.URLSearchParams();
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) parameters.set(name, String(value));
    const text = parameters.toString();
    return text === '' ? path : `${path}?${text}`;
  };
  async function ask(
    address: string,
    options: Parameters<PageWindow['fetch']>[1],
  ): Promise<Answer> {
    let answer: Answer;
    try {
      answer = await window.fetch(address, options);
    } catch {
      throw new Refusal(0, 'unreachable', 'waggle cannot be reached.');
    }
    if (answer.ok) return answer;
    const text = await answer.text();
    let problem: { type?: string; detail?: string } = {};
    try {
      problem = JSON.parse(text);
    } catch {
      // A proxy's own page.
    }
    throw new Refusal(
      answer.status,
      problem.type?.split(':').at(-1) ?? '',
      problem.detail ?? `The answer was ${answer.status}.`,
    );
  }
  const get = (path: string, query?: Query) => ask(url(path, query), { cache: 'no-cache' });
  const text = async (path: string, query?: Query) => (await get(path, query)).text();
  return {
    url,
    text,
    bytes: async (path, query) => (await get(path, query)).arrayBuffer(),
    json: async (path, query) => JSON.parse(await text(path, query)),
    async logIn(token) {
      await ask('api/login', { method: 'POST', headers: { authorization: `Bearer ${token}` } });
    },
  };
}

/** The parameters of a span and of whose it is. */
export function queryOf(span: Span, scope: ScopedProcess | undefined): Query {
  return {
    from: Math.floor(span.from),
    to: Math.ceil(span.to),
    pid: scope?.pid,
    start: scope?.start,
  };
}

/** The parameters of the span that another is compared with. */
export function baseQueryOf({ from, to }: Span): Query {
  return { baseFrom: Math.floor(from), baseTo: Math.ceil(to) };
}
