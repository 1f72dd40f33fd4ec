/**
 * Answers that are whole: compressed where the client takes that and it is worth it, and with an ETag, so that what
 * it has already is not sent again.
 */

export interface ReplyOptions {
  readonly type: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** May be kept by the client and asked about. Default: yes. */
  readonly isTagged?: boolean | undefined;
  readonly status?: number | undefined;
}

/** Smaller ones are not worth it. */
const COMPRESSED_FROM = 1400;

/** Everything that is sent has these. */
export const COMMON_HEADERS: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'x-frame-options': 'SAMEORIGIN',
};

export function reply(
  request: Request,
  body: string | Uint8Array,
  options: ReplyOptions,
): Response {
  const headers: Record<string, string> = {
    'content-type': options.type,
    // Asked again each time, and answered by 304.
    'cache-control': 'private, no-cache',
    vary: 'accept-encoding, cookie, authorization',
    ...options.headers,
  };
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  if (options.isTagged ?? true) {
    const tag = `"${Bun.hash(bytes).toString(36)}-${bytes.length.toString(36)}"`;
    headers.etag = tag;
    if (hasTag(request.headers.get('if-none-match'), tag))
      return new Response(null, { status: 304, headers });
  }
  const isPacked = bytes[0] === 0x1f && bytes[1] === 0x8b;
  if (bytes.length >= COMPRESSED_FROM && !isPacked && takesGzip(request)) {
    headers['content-encoding'] = 'gzip';
    return send(request, packed(bytes), headers, options.status);
  }
  return send(request, bytes, headers, options.status);
}

/** Of answers that several pages get: they are kept as they were made, and packed once. */
const packedAnswers = new WeakMap<Uint8Array, Uint8Array>();

function packed(bytes: Uint8Array): Uint8Array {
  let known = packedAnswers.get(bytes);
  if (known === undefined) {
    known = Bun.gzipSync(new Uint8Array(bytes), { level: 4 });
    packedAnswers.set(bytes, known);
  }
  return known;
}

function send(
  request: Request,
  bytes: Uint8Array,
  headers: Record<string, string>,
  status = 200,
): Response {
  if (request.method === 'HEAD')
    return new Response(null, {
      status,
      headers: { ...headers, 'content-length': String(bytes.length) },
    });
  return new Response(new Uint8Array(bytes), { status, headers });
}

export function takesGzip(request: Request): boolean {
  const accepted = request.headers.get('accept-encoding') ?? '';
  return accepted
    .split(',')
    .some((each) => /^\s*gzip\s*(?:;\s*q=(?!0(?:\.0*)?\s*$).*)?$/i.test(each));
}

function hasTag(header: string | null, tag: string): boolean {
  if (header === null) return false;
  return header
    .split(',')
    .some((each) => each.trim().replace(/^W\//, '') === tag || each.trim() === '*');
}
