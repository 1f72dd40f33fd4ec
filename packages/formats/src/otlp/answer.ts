/** What a receiver's answer says: taken, taken in part, to be tried again, or refused. */
import { decodeMessage } from './messages.ts';
import { protobuf } from './protobuf.ts';

/** As the protocol has it: the answers after which the same request may succeed. */
const TRANSIENT = [429, 502, 503, 504];
const MILLISECONDS_PER_SECOND = 1000;
/** Enough for a reason. Some receivers answer with a page of HTML. */
const LONGEST_REASON = 300;
/** In bytes, unpacked. */
const LONGEST_ANSWER = 1 << 20;
const PROTOBUF = 'application/x-protobuf';
/** Field 2 of a google.rpc.Status, text: its message. */
const STATUS_MESSAGE_TAG = (2 << 3) | 2;

export interface OtlpExportResult {
  /** Profiles that the receiver did not keep: 0 or 1. */
  readonly rejectedProfiles: number;
  /** Why, or a warning. */
  readonly message?: string;
}

export function isTransient(status: number): boolean {
  return TRANSIENT.includes(status);
}

/** How long the answer asks to wait, if it does: in seconds or as a date, by its own clock. */
export function retryAfter(headers: Headers): number | undefined {
  const asked = headers.get('retry-after')?.trim();
  if (!asked) return undefined;
  if (/^\d+$/.test(asked)) return Number(asked) * MILLISECONDS_PER_SECOND;
  const until = Date.parse(asked);
  const now = Date.parse(headers.get('date') ?? '') || Date.now();
  return Number.isNaN(until) ? undefined : Math.max(0, until - now);
}

/** The result of an answer that takes the request. Without a readable body it is taken in full. */
export async function resultOf(response: Response): Promise<OtlpExportResult> {
  const body = await beginningOf(response);
  if (!isProtobuf(response)) return { rejectedProfiles: 0 };
  try {
    const { partialSuccess } = decodeMessage('ExportProfilesServiceResponse', body);
    const message = partialSuccess?.errorMessage;
    return {
      rejectedProfiles: Number(partialSuccess?.rejectedProfiles ?? 0n),
      ...(message ? { message: message.slice(0, LONGEST_REASON) } : {}),
    };
  } catch {
    return { rejectedProfiles: 0 };
  }
}

/** The reason in an answer that does not take the request, on one line; '' when it gives none. */
export async function reasonOf(response: Response): Promise<string> {
  const body = await beginningOf(response);
  const text = isProtobuf(response) ? statusMessage(body) : new TextDecoder().decode(body);
  return text
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .slice(0, LONGEST_REASON);
}

/** Answers are short. Of one that goes on and on the rest is not waited for. */
async function beginningOf({ body }: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = body?.getReader();
  while (reader !== undefined && length < LONGEST_ANSWER) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    length += value.length;
  }
  if (length >= LONGEST_ANSWER) await reader?.cancel();
  return Buffer.concat(chunks).subarray(0, LONGEST_ANSWER);
}

function isProtobuf({ headers }: Response): boolean {
  return headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() === PROTOBUF;
}

function statusMessage(body: Uint8Array): string {
  try {
    const reader = protobuf().Reader.create(body);
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      if (tag === STATUS_MESSAGE_TAG) return reader.string();
      reader.skipType(tag & 7);
    }
  } catch {
    // It was no status: then there is no reason to be had.
  }
  return '';
}
