/**
 * A profile from the bytes of any file that can be read, whatever its name: what it is, its content
 * says. Packed files are unpacked first, also where they are packed twice.
 */
import {
  ChromeSyntaxError,
  parseChromeTrace,
  parseCpuProfile,
  parseHeapProfile,
} from '../chrome/index.ts';
import { checkTree } from '../expected-tree.ts';
import { textOf, unpacked } from '../file-bytes.ts';
import { firefoxProfile } from '../firefox/parse.ts';
import { type FoldedFile, foldedProfile } from '../folded/index.ts';
import type { ParsedProfile } from '../format.ts';
import { withoutTiers } from '../jit-tiers.ts';
import type { JsonObject } from '../json-shape.ts';
import { MemoryBudget, ProfileTooLargeError, spendOnJson } from '../memory-budget.ts';
import { parseOtlp, parseOtlpJson } from '../otlp/parse.ts';
import { isPerfScript, parsePerfScript } from '../perf-script/index.ts';
import { parsePprof } from '../pprof/parse.ts';
import { speedscopeProfile } from '../speedscope/parse.ts';
import { binaryKind, isText, knownOther } from './content.ts';

/** What can be read, in words, for messages. */
const READABLE =
  'pprof, folded stacks, perf script, speedscope, Firefox Profiler, OTLP, .cpuprofile, .heapprofile and DevTools traces';

/** Packed more often than that, a file is made to be so. */
const MAX_LAYERS = 3;

/** A file that holds no profile that is known, with what it seems to be instead. */
export class UnknownProfileError extends Error {
  override readonly name = 'UnknownProfileError';
  readonly code = 'UNKNOWN_PROFILE';

  constructor(what: string) {
    super(`${what}; profiles are read from ${READABLE}, gzipped or not`);
  }
}

/**
 * The profile in a file of any format that is read. Functions that were compiled several times are one.
 *
 * @throws UnknownProfileError when the content is none of them, or the error of the format that it is,
 * which says what is wrong with the file.
 */
export function parseProfile(bytes: Uint8Array): ParsedProfile {
  const budget = new MemoryBudget(bytes.length);
  const profile = read(bytes, budget);
  checkTree(profile, budget.anew());
  return profile;
}

function read(bytes: Uint8Array, budget: MemoryBudget): ParsedProfile {
  const content = allUnpacked(bytes, budget);
  if (content.length === 0) throw new UnknownProfileError('the file is empty');
  const other = knownOther(content);
  if (other !== undefined) throw new UnknownProfileError(other);
  if (!isText(content)) return withoutTiers(parseBinary(content, budget));
  const text = textOf(content);
  return withoutTiers(/^\s*[{[]/.test(text) ? parseJsonOr(text, budget) : parseText(text, budget));
}

function allUnpacked(bytes: Uint8Array, budget: MemoryBudget): Uint8Array {
  let content = bytes;
  for (let layer = 0; layer < MAX_LAYERS; layer++) {
    let inner: Uint8Array;
    try {
      inner = unpacked(content, budget);
    } catch (error) {
      if (error instanceof ProfileTooLargeError) throw error;
      throw new UnknownProfileError(`it cannot be unpacked (${(error as Error).message})`);
    }
    if (inner === content) break;
    content = inner;
  }
  return content;
}

function parseBinary(content: Uint8Array, budget: MemoryBudget): ParsedProfile {
  switch (binaryKind(content)) {
    case 'pprof':
      return parsePprof(content, budget);
    case 'otlp':
      return parseOtlp(content, budget);
    case undefined:
      throw new UnknownProfileError('it is binary data of an unknown kind');
  }
}

function parseText(text: string, budget: MemoryBudget): ParsedProfile {
  if (isPerfScript(text)) return parsePerfScript(text, budget);
  const profile = foldedOr(text, budget);
  if (profile !== undefined) return profile;
  const [first = ''] = text.split('\n', 1);
  throw new UnknownProfileError(
    `it is text without a single stack (it begins with ${JSON.stringify(first.slice(0, 40))})`,
  );
}

/** Folded stacks can begin with `{` or `[`, as the frame `[unknown]` does. */
function parseJsonOr(text: string, budget: MemoryBudget): ParsedProfile {
  let value: unknown;
  try {
    spendOnJson(text, budget);
    value = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    if (error instanceof ProfileTooLargeError) throw error;
    const profile = isPerfScript(text) ? parsePerfScript(text, budget) : foldedOr(text, budget);
    if (profile !== undefined) return profile;
    if (!/^\s*(?:\{\s*["}]|\[\s*[{"\]])/.test(text)) return parseText(text, budget);
    throw new UnknownProfileError(`it is broken JSON (${(error as Error).message})`);
  }
  if (Array.isArray(value)) return traceOf(value, budget);
  return parseJson(value as JsonObject, budget);
}

function foldedOr(text: string, budget: MemoryBudget): ParsedProfile | undefined {
  try {
    const profile = foldedProfile(text, budget);
    return profile.stacks.length > 0 && isLikely(profile) ? profile : undefined;
  } catch (error) {
    if (error instanceof ProfileTooLargeError) throw error;
    return undefined;
  }
}

/** Text of any kind has lines that end in a number; stacks are most of a file, or have callers. */
function isLikely({ stacks, badLines = 0 }: FoldedFile): boolean {
  return badLines <= stacks.length || stacks.some(({ frames }) => frames.length > 1);
}

function parseJson(root: JsonObject, budget: MemoryBudget): ParsedProfile {
  if (root.shared !== undefined && root.profiles !== undefined)
    return speedscopeProfile(root, budget);
  if (root.resourceProfiles !== undefined || root.resource_profiles !== undefined)
    return parseOtlpJson(root, budget);
  if (Array.isArray(root.traceEvents)) return traceOf(root.traceEvents, budget);
  if (Array.isArray(root.nodes)) return parseCpuProfile(root, budget);
  if (typeof root.head === 'object' && root.head !== null)
    return 'selfSize' in root.head ? parseHeapProfile(root, budget) : parseCpuProfile(root, budget);
  if (root.meta !== undefined && root.threads !== undefined) return firefoxProfile(root, budget);
  const names = Object.keys(root)
    .slice(0, 5)
    .map((name) => JSON.stringify(name.slice(0, 40)));
  throw new UnknownProfileError(
    `it is JSON of an unknown kind, with ${names.join(', ') || 'nothing'}`,
  );
}

function traceOf(events: readonly unknown[], budget: MemoryBudget): ParsedProfile {
  if (events.some((event) => typeof event !== 'object' || event === null || !('ph' in event)))
    throw new UnknownProfileError('it is JSON of an unknown kind, a list');
  try {
    return parseChromeTrace(events, budget);
  } catch (error) {
    if (error instanceof ChromeSyntaxError) throw new UnknownProfileError(error.message);
    throw error;
  }
}
