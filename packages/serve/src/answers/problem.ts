/** Refusals and mistakes as application/problem+json (RFC 9457): what, why, and what to do. */

export interface ProblemOptions {
  /** Names the kind for programs, as the end of a URN. */
  readonly code: string;
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  /** More members, as the RFC allows. */
  readonly members?: Readonly<Record<string, unknown>> | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

export class Problem extends Error {
  constructor(readonly options: ProblemOptions) {
    super(options.detail);
    this.name = 'Problem';
  }

  get status(): number {
    return this.options.status;
  }

  toResponse(): Response {
    const { code, status, title, detail, members = {}, headers = {} } = this.options;
    const body = { type: `urn:waggle:problem:${code}`, title, status, detail, ...members };
    return new Response(`${JSON.stringify(body)}\n`, {
      status,
      headers: {
        'content-type': 'application/problem+json',
        'cache-control': 'no-store',
        ...headers,
      },
    });
  }
}

export function badRequest(code: string, detail: string, members = {}): Problem {
  return new Problem({
    code,
    status: 400,
    title: 'The request cannot be understood',
    detail,
    members,
  });
}

export function notFound(code: string, detail: string, members = {}): Problem {
  return new Problem({ code, status: 404, title: 'There is no such thing', detail, members });
}
