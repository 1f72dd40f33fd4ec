/**
 * Answers that are whole: compressed where the client takes that and it is worth it, and with an ETag, so that what
 * it has already is not sent again. Compressing is other threads' work: events go on meanwhile.
 */

import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

export interface ReplyOptions {
  readonly type: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** May be kept by the client and asked about. Default: yes. */
  readonly isTagged?: boolean | undefined;
  readonly status?: number | undefined;
}

/** Smaller ones are not worth it. */
const COMPRESSED_FROM = 1400;
/** The one that costs both sides least comes first. */
const ENCODINGS = ['zstd', 'gzip'] as const;

/** Everything that is sent has these. */
export const COMMON_HEADERS: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'x-frame-options': 'SAMEORIGIN',
};

export async function reply(
  request: Request,
  body: string | Uint8Array,
  options: ReplyOptions,
): Promise<Response> {
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
  const encoding = ENCODINGS.find((each) => accepts(request, each));
  if (bytes.length >= COMPRESSED_FROM && !isPacked && encoding !== undefined) {
    headers['content-encoding'] = encoding;
    return send(request, await packed(bytes, encoding), headers, options.status);
  }
  return send(request, bytes, headers, options.status);
}

type Encoding = (typeof ENCODINGS)[number];

const gzipped = promisify(gzip);

/** Fast ones: most answers are looked at once, by who is near. */
const PACKING: Readonly<Record<Encoding, (bytes: Uint8Array) => Promise<Uint8Array>>> = {
  zstd: (bytes) => Bun.zstdCompress(bytes, { level: 1 }),
  gzip: (bytes) => gzipped(bytes, { level: 4 }),
};

/** Of answers that several pages get: they are kept as they were made, and packed once. */
const packedAnswers: Readonly<Record<Encoding, WeakMap<Uint8Array, Promise<Uint8Array>>>> = {
  zstd: new WeakMap(),
  gzip: new WeakMap(),
};

function packed(bytes: Uint8Array, encoding: Encoding): Promise<Uint8Array> {
  const answers = packedAnswers[encoding];
  let known = answers.get(bytes);
  if (known === undefined) {
    known = PACKING[encoding](bytes);
    answers.set(bytes, known);
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

export function accepts(request: Request, encoding: Encoding): boolean {
  const accepted = request.headers.get('accept-encoding') ?? '';
  return accepted.split(',').some((each) => {
    const [name = '', weight = ''] = each
      .trim()
      .toLowerCase()
      .split(/\s*;\s*/);
    return name === encoding && !/^q=0(?:\.0*)?$/.test(weight);
  });
}

function hasTag(header: string | null, tag: string): boolean {
  if (header === null) return false;
  return header
    .split(',')
    .some((each) => each.trim().replace(/^W\//, '') === tag || each.trim() === '*');
}
