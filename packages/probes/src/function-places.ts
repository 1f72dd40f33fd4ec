/**
 * Where a probe of a user function goes: all places of an object that a pattern names. Names at one address
 * are one place. What cannot be probed is refused here, and not by a program that crashes later.
 */
import {
  demangle,
  ElfError,
  type ElfImage,
  findDebugFile,
  SourceLines,
  visitFunctions,
} from '@waggle/symbols';
import { BadEvent } from './bad-event.ts';
import { chosenAddress } from './chosen-function.ts';
import { type FunctionPattern, namesOf } from './function-pattern.ts';
import { boundaryAt } from './instruction-boundary.ts';
import { NearestNames } from './nearest.ts';
import {
  debugSearchOf,
  fileOffsetOf,
  isCode,
  openObject,
  type ProbedObject,
} from './probed-object.ts';

export interface FunctionPlace {
  /** As people wrote it, without what the probe's name adds. */
  readonly function: string;
  /** Where the function begins, as a virtual address of the object. */
  readonly start: number;
  /** From there to the probe. */
  readonly into: number;
  /** Of the probe, in the object's file. */
  readonly offset: number;
  /** Other names of the same function. */
  readonly aliases: readonly string[];
}

export interface PlaceSearch {
  /** For messages. */
  readonly event: string;
  readonly atReturn: boolean;
  /** More places than that are refused. */
  readonly limit: number;
  /** What a function that is chosen at a program's start (ifunc) is on this machine: its virtual address. */
  readonly chosen?: ((object: ProbedObject, name: string) => number | undefined) | undefined;
}

interface Candidate {
  readonly address: number;
  size: number;
  isIndirect: boolean;
  readonly names: Set<string>;
}

/** What an object has to say about a pattern. */
export interface FoundPlaces {
  readonly places: readonly FunctionPlace[];
  /** Names like the one that was not found. */
  readonly nearest: readonly string[];
  /** It has no names of functions at all. */
  readonly isStripped: boolean;
  /** Why some of its functions were not looked at; empty as a rule. */
  readonly problems: readonly string[];
}

/**
 * @throws BadEvent for a place that cannot be probed, and for too many of them.
 * @throws ElfError, or the system's error, for an object that cannot be read.
 */
export function findFunctions(
  object: ProbedObject,
  pattern: FunctionPattern,
  search: PlaceSearch,
): FoundPlaces {
  using image = openObject(object);
  if (pattern.kind === 'line') return { ...findLine(object, image, pattern, search), nearest: [] };
  const found = new Map<number, Candidate>();
  const near = new NearestNames(pattern.kind === 'name' ? pattern.name : '');
  let functions = 0;
  const problems = visitFunctions(image, debugSearchOf(object), (named) => {
    const { name, address, size, isIndirect } = named;
    functions++;
    const names = namesOf(name, demangle);
    const isWanted =
      pattern.kind === 'name'
        ? names.includes(pattern.name)
        : names.some((each) => pattern.expression.test(each));
    if (!isWanted) {
      if (pattern.kind === 'name') near.add(names.at(-1) ?? name);
      return;
    }
    if (!isCode(image, address)) return;
    const known = found.get(address);
    if (known === undefined)
      found.set(address, { address, size, isIndirect, names: new Set(names.slice(-1)) });
    else {
      known.names.add(names.at(-1) ?? name);
      known.size = Math.max(known.size, size);
      known.isIndirect ||= isIndirect;
    }
  });
  const isStripped = functions === 0;
  if (found.size > search.limit) throw tooMany(search, found.size);
  const candidates = [...found.values()];
  const places = candidates.flatMap((candidate) => {
    const direct = candidate.isIndirect
      ? chosenOf(object, image, candidate, pattern, search)
      : candidate;
    return direct === undefined ? [] : [placeOf(image, direct, pattern, search)];
  });
  return { places: onceEach(places), nearest: near.names, isStripped, problems };
}

function tooMany({ event, limit }: PlaceSearch, count: number): BadEvent {
  return new BadEvent(
    'too-many',
    event,
    `${count} functions match, more than ${limit}: name fewer, or raise the limit (--max-probes)`,
  );
}

/** Two names may lead to one place. */
function onceEach(places: readonly FunctionPlace[]): FunctionPlace[] {
  const byOffset = new Map<number, FunctionPlace>();
  for (const place of places) {
    const known = byOffset.get(place.offset);
    const aliases = [
      ...(known?.aliases ?? []),
      ...(known ? [place.function] : []),
      ...place.aliases,
    ];
    byOffset.set(place.offset, { ...(known ?? place), aliases: [...new Set(aliases)] });
  }
  return [...byOffset.values()].sort((a, b) => a.offset - b.offset);
}

/** Of a pattern, functions that cannot be probed are left out; of one that was named, somebody is told. */
function chosenOf(
  object: ProbedObject,
  image: ElfImage,
  candidate: Candidate,
  pattern: FunctionPattern,
  { event, chosen }: PlaceSearch,
): Candidate | undefined {
  const [asked] = [...candidate.names].flatMap((name) => chosen?.(object, name) ?? []);
  const address = asked ?? chosenAddress(object, image, candidate.address);
  if (address !== undefined) return { ...candidate, address, size: 0, isIndirect: false };
  if (pattern.kind === 'many') return undefined;
  const [name = ''] = candidate.names;
  throw new BadEvent(
    'unusable',
    event,
    `which function ${name} is, is chosen when a program starts (ifunc), by its CPU, and no process says it: name the one ` +
      `that is chosen (waggle record --list-probes 'uprobe:${object.shown}:*${name}*')`,
  );
}

function placeOf(
  image: ElfImage,
  { address, size, names }: Candidate,
  pattern: FunctionPattern,
  { event, atReturn }: PlaceSearch,
): FunctionPlace {
  const [name = '', ...aliases] = [...names].sort(byUnderscores);
  const into = pattern.kind === 'name' ? pattern.offset : 0;
  if (into > 0) {
    if (atReturn)
      throw new BadEvent('syntax', event, 'a function returns as a whole: leave out the offset');
    if (size > 0 && into >= size)
      throw new BadEvent(
        'unusable',
        event,
        `${name} has ${size} bytes, so +${into} is outside of it`,
      );
    const boundary = boundaryAt(image, address, into);
    if (boundary !== 'boundary')
      throw new BadEvent(
        'unusable',
        event,
        boundary === 'inside'
          ? `+${into} is inside an instruction: a probe there would change what the program does`
          : `what is before +${into} cannot be read as instructions, so that a probe may be inside one`,
      );
  }
  return {
    function: name,
    start: address,
    into,
    offset: fileOffsetOf(image, address + into),
    aliases,
  };
}

function byUnderscores(a: string, b: string): number {
  const leading = (name: string) => /^_*/.exec(name)?.[0].length ?? 0;
  return leading(a) - leading(b) || (a < b ? -1 : 1);
}

/** The first place of the line in each function that has code of it. */
function findLine(
  object: ProbedObject,
  image: ElfImage,
  pattern: Extract<FunctionPattern, { kind: 'line' }>,
  search: PlaceSearch,
): Omit<FoundPlaces, 'nearest'> {
  const { event, atReturn, limit } = search;
  if (atReturn)
    throw new BadEvent('syntax', event, 'a function returns as a whole: name it, not a line of it');
  const functions: { name: string; start: number; end: number }[] = [];
  const problems = visitFunctions(image, debugSearchOf(object), ({ name, address, size }) => {
    functions.push({
      name: namesOf(name, demangle).at(-1) ?? name,
      start: address,
      end: address + size,
    });
  });
  const functionAt = (address: number) =>
    functions.find(({ start, end }) => address >= start && address < end);
  const first = new Map<number, FunctionPlace>();
  const lines = new Set<number>();
  for (const { address, line } of linesOf(object, image, pattern.file)) {
    lines.add(line);
    if (line !== pattern.line || !isCode(image, address)) continue;
    const owner = functionAt(address) ?? { name: `${pattern.file}:${line}`, start: address };
    const into = address - owner.start;
    const known = first.get(owner.start);
    if (known !== undefined && known.into <= into) continue;
    const offset = fileOffsetOf(image, address);
    first.set(owner.start, { function: owner.name, start: owner.start, into, offset, aliases: [] });
  }
  if (first.size > limit) throw tooMany(search, first.size);
  if (first.size === 0 && lines.size > 0) {
    const near = [...lines]
      .sort((a, b) => Math.abs(a - pattern.line) - Math.abs(b - pattern.line) || a - b)
      .slice(0, 3)
      .sort((a, b) => a - b);
    throw new BadEvent(
      'unknown',
      event,
      `line ${pattern.line} of ${pattern.file} has no code of its own; lines ${near.join(', ')} have`,
    );
  }
  return { places: [...first.values()], isStripped: functions.length === 0, problems };
}

function* linesOf(
  object: ProbedObject,
  image: ElfImage,
  file: string,
): Generator<{ readonly address: number; readonly line: number }> {
  const own = SourceLines.fromElf(image);
  if (own !== undefined) {
    yield* own.placesOf(file);
    return;
  }
  try {
    const debug = findDebugFile(image, debugSearchOf(object));
    if (debug === undefined) return;
    try {
      const lines = SourceLines.fromElf(debug.image);
      if (lines !== undefined) yield* lines.placesOf(file);
    } finally {
      debug.close();
    }
  } catch (error) {
    if (!(error instanceof ElfError)) throw error;
  }
}
