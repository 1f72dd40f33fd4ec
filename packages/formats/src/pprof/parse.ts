/**
 * Reads pprof, gzipped or not, of waggle or of others: the first value that counts samples is taken,
 * or else the first value, and inlined functions become frames.
 */
import { Profile as PprofProfile } from 'pprof-format';
import type { FrameKind, Profile, ProfileFrame, ProfileStack } from '../profile.ts';
import { placeOf } from '../source-place.ts';
import { isUnnamed, unnamed } from '../unnamed-code.ts';
import { zlib } from '../zlib.ts';
import { COMMENTS, KERNEL_MAPPING, PROCESS_LABEL } from './encode.ts';

const NANOSECONDS_PER_SECOND = 1e9;
const NANOSECONDS_PER_MILLISECOND = 1e6;
const GZIP_MAGIC = [0x1f, 0x8b] as const;
/** A profile unpacks to some ten times its size; a hostile one to a thousand times. */
const MOST_UNPACKED_BYTES = 1 << 30;

export class PprofSyntaxError extends Error {
  override readonly name = 'PprofSyntaxError';
  readonly code = 'PPROF_SYNTAX';
}

/** @throws PprofSyntaxError when the bytes are no pprof profile. */
export function parsePprof(bytes: Uint8Array): Profile {
  let decoded: PprofProfile;
  try {
    const isPacked = bytes[0] === GZIP_MAGIC[0] && bytes[1] === GZIP_MAGIC[1];
    decoded = PprofProfile.decode(
      isPacked ? zlib().gunzipSync(bytes, { maxOutputLength: MOST_UNPACKED_BYTES }) : bytes,
    );
  } catch (error) {
    throw new PprofSyntaxError(`not a pprof profile: ${(error as Error).message}`);
  }
  const strings = decoded.stringTable.strings;
  const text = (index: number | bigint): string => strings[Number(index)] ?? '';
  const functions = new Map(decoded.function.map((entry) => [Number(entry.id), entry]));
  const mappings = new Map(
    decoded.mapping.map((entry) => [Number(entry.id), text(entry.filename)]),
  );
  const frames = new Map<number, readonly ProfileFrame[]>();
  for (const location of decoded.location) {
    const object = mappings.get(Number(location.mappingId));
    const found = location.line.map(({ functionId, line }) => {
      const entry = functions.get(Number(functionId));
      const frame = frameOf(entry === undefined ? '' : text(entry.name), object);
      return { ...frame, ...placeOf(entry && text(entry.filename), Number(line)) };
    });
    if (found.length === 0) found.push(frameOf(unnamed(object, Number(location.address)), object));
    // The line of the innermost function comes first.
    frames.set(
      Number(location.id),
      found.reverse().map((frame, depth) => (depth === 0 ? frame : { ...frame, inlined: true })),
    );
  }
  const counted = decoded.sampleType.findIndex(({ type }) => text(type) === 'samples');
  const column = Math.max(counted, 0);
  const stacks = decoded.sample.map((sample): ProfileStack => {
    const count = Number(sample.value[column] ?? 0);
    if (!Number.isSafeInteger(count) || count < 0)
      throw new PprofSyntaxError(`a sample has the value ${count}, which is no number of samples`);
    const stack = sample.locationId.toReversed().flatMap((id) => frames.get(Number(id)) ?? []);
    const process = sample.label.find(({ key }) => text(key) === PROCESS_LABEL);
    const [root, ...rest] = stack;
    if (process === undefined || root?.name !== text(process.str)) return { frames: stack, count };
    return { frames: [{ ...root, kind: 'process' }, ...rest], count };
  });
  return { stacks, metadata: metadataOf(decoded, stacks, text) };
}

/** `[ext4]`; code of the process itself may be in brackets as well. */
const KERNEL_MODULE = /^\[(?!vdso|vsyscall|jit|anon|heap|stack|uprobes)[^\]+]+\]$/;

function frameOf(name: string, object: string | undefined): ProfileFrame {
  if (object === KERNEL_MAPPING) return { name, kind: 'kernel' };
  if (object !== undefined && KERNEL_MODULE.test(object) && !isUnnamed(name))
    return { name, kind: 'kernel', object: object.slice(1, -1) };
  const kind: FrameKind = isUnnamed(name) ? 'unresolved' : 'user';
  return object === undefined ? { name, kind } : { name, kind, object };
}

function metadataOf(
  decoded: PprofProfile,
  stacks: readonly ProfileStack[],
  text: (index: number | bigint) => string,
): Profile['metadata'] {
  const comments = decoded.comment.map(text);
  const comment = (prefix: string): string | undefined =>
    comments.find((line) => line.startsWith(prefix))?.slice(prefix.length);
  const period = Number(decoded.period);
  const command = comment(COMMENTS.command);
  return {
    host: comment(COMMENTS.host) ?? '',
    ...(command === undefined ? {} : { command }),
    frequencyHz: period > 0 ? Math.round(NANOSECONDS_PER_SECOND / period) : 0,
    startTime: new Date(Number(decoded.timeNanos) / NANOSECONDS_PER_MILLISECOND),
    durationSeconds: Number(decoded.durationNanos) / NANOSECONDS_PER_SECOND,
    samples: stacks.reduce((sum, { count }) => sum + count, 0),
    lostSamples: Number(comment(COMMENTS.lost) ?? 0) || 0,
  };
}
