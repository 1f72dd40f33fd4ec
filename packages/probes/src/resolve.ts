/**
 * From an event as it was asked for to the places where it is attached. Nothing is attached here: what cannot
 * be is refused while there is nothing to take back.
 */
import { existsSync } from 'node:fs';
import { ElfError, isSystemError } from '@waggle/symbols';
import { BadEvent } from './bad-event.ts';
import type {
  EventRequest,
  KernelProbeRequest,
  PerfEventRequest,
  TracepointRequest,
  UsdtRequest,
  UserProbeRequest,
} from './event.ts';
import {
  type FoundPlaces,
  type FunctionPlace,
  findFunctions,
  type PlaceSearch,
} from './function-places.ts';
import { type KernelFunction, KernelFunctions } from './kernel-functions.ts';
import { nearest } from './nearest.ts';
import type { ProbeScope } from './probe-scope.ts';
import { fileOffsetOf, openObject, type ProbedObject } from './probed-object.ts';
import { parseUsdtArgument, type UsdtArgument } from './usdt-arguments.ts';
import { readUsdtNotes, type UsdtNote } from './usdt-notes.ts';

export interface UserPlace extends FunctionPlace {
  readonly object: ProbedObject;
  /** Of a USDT probe's counter, in the file. */
  readonly semaphore?: number | undefined;
  /** Of a USDT probe: as the assembler has them, and as they are read; undefined for what cannot be. */
  readonly arguments?:
    | readonly { readonly text: string; readonly read: UsdtArgument | undefined }[]
    | undefined;
}

export type ResolvedEvent =
  | { readonly kind: 'perf'; readonly request: PerfEventRequest }
  | {
      readonly kind: 'user';
      readonly request: UserProbeRequest | UsdtRequest;
      readonly atReturn: boolean;
      readonly places: readonly UserPlace[];
    }
  | {
      readonly kind: 'kernel';
      readonly request: KernelProbeRequest;
      readonly atReturn: boolean;
      readonly functions: readonly KernelFunction[];
      /** Into the function, where there is one. */
      readonly offset: number;
    }
  | {
      readonly kind: 'tracepoint';
      readonly request: TracepointRequest;
      /** Only tracefs has it: an event of system calls. */
      readonly needsTracefs: boolean;
    };

export interface ResolveOptions {
  /** Places of one event, at most. */
  readonly limit: number;
  /** Virtual address of what an ifunc is on this machine, where that can be told. */
  readonly chosen?: PlaceSearch['chosen'] | undefined;
}

/** @throws BadEvent for what is not there or cannot be probed. */
export function resolveEvent(
  request: EventRequest,
  scope: ProbeScope,
  options: ResolveOptions,
): ResolvedEvent {
  switch (request.kind) {
    case 'perf':
      return { kind: 'perf', request };
    case 'uprobe':
    case 'uretprobe':
      return resolveFunction(request, scope, options);
    case 'usdt':
      return resolveUsdt(request, scope, options);
    case 'kprobe':
    case 'kretprobe':
      return resolveKernel(request, options);
    case 'tracepoint':
      return resolveTracepoint(request);
  }
}

function objectsFor(
  { text, object }: UserProbeRequest | UsdtRequest,
  scope: ProbeScope,
): Iterable<ProbedObject> {
  if (object === undefined) return scope.objects();
  const found = scope.named(object);
  if (found.length > 0) return found;
  const what = object.includes('/')
    ? `there is no file ${object}`
    : `there is no library ${object}`;
  const near = object.includes('/') ? '' : nearest(object, scope.libraries());
  throw new BadEvent('unknown', text, `${what}${near}`);
}

/** What an object has, or why it cannot be asked. */
function inObject<T>(event: string, { shown }: ProbedObject, ask: () => T): T {
  try {
    return ask();
  } catch (error) {
    if (error instanceof ElfError || isSystemError(error))
      throw new BadEvent('unusable', event, `${shown} cannot be read: ${error.message}`);
    throw error;
  }
}

function resolveFunction(
  request: UserProbeRequest,
  scope: ProbeScope,
  { limit, chosen }: ResolveOptions,
): ResolvedEvent {
  const { text, object, function: pattern } = request;
  const atReturn = request.kind === 'uretprobe';
  const search = { event: text, atReturn, limit, chosen };
  const looked: { readonly object: ProbedObject; readonly found: FoundPlaces }[] = [];
  const places: UserPlace[] = [];
  for (const candidate of objectsFor(request, scope)) {
    const found = inObject(text, candidate, () => findFunctions(candidate, pattern, search));
    looked.push({ object: candidate, found });
    places.push(...found.places.map((place) => ({ ...place, object: candidate })));
    // One that was named may be several files: of processes with roots of their own.
    if (places.length > 0 && object === undefined) break;
  }
  if (places.length === 0) throw notFound(text, looked);
  return { kind: 'user', request, atReturn, places };
}

function notFound(
  event: string,
  looked: readonly { readonly object: ProbedObject; readonly found: FoundPlaces }[],
): BadEvent {
  const [first] = looked;
  if (first === undefined)
    return new BadEvent(
      'syntax',
      event,
      'say which file it is in, as in uprobe:/usr/bin/app:FUNCTION: here nothing says where to look',
    );
  const names = looked.flatMap(({ found }) => found.nearest).slice(0, 3);
  const hint = names.length > 0 ? ` (did you mean ${names.join(', ')}?)` : '';
  const where =
    looked.length === 1
      ? first.object.shown
      : `${first.object.shown} and its ${looked.length - 1} libraries`;
  const unread = looked.flatMap(({ object, found }) =>
    found.problems.map((problem) => `${object.shown}, ${problem}`),
  );
  if (unread.length > 0)
    return new BadEvent(
      'unusable',
      event,
      `there is no such function in what could be read of ${where}${hint} (${unread[0]})`,
    );
  if (first.found.isStripped && names.length === 0) {
    const others = looked.length === 1 ? '' : ', and its libraries have no such function';
    return new BadEvent(
      'unusable',
      event,
      `${first.object.shown} has no names of functions (stripped): install its debug symbols${others}`,
    );
  }
  return new BadEvent('unknown', event, `there is no such function in ${where}${hint}`);
}

function resolveUsdt(
  request: UsdtRequest,
  scope: ProbeScope,
  { limit }: ResolveOptions,
): ResolvedEvent {
  const { text, provider, name } = request;
  const places: UserPlace[] = [];
  const others = new Set<string>();
  let looked = 0;
  for (const object of objectsFor(request, scope)) {
    looked++;
    const isWanted = (note: UsdtNote) => {
      others.add(`${note.provider}:${note.name}`);
      return note.name === name && note.provider === provider;
    };
    places.push(...usdtPlaces(text, object, isWanted, limit));
  }
  if (looked === 0) throw notFound(text, []);
  if (places.length === 0) {
    const near = nearest(`${provider}:${name}`, others);
    const there = others.size === 0 ? ': there are none at all' : near;
    throw new BadEvent('unknown', text, `there is no such USDT probe${there}`);
  }
  expectFew(text, places.length, limit);
  return { kind: 'user', request, atReturn: false, places };
}

function expectFew(event: string, places: number, limit: number): void {
  if (places > limit)
    throw new BadEvent('too-many', event, `it stands at ${places} places, more than ${limit}`);
}

function usdtPlaces(
  event: string,
  object: ProbedObject,
  isWanted: (note: UsdtNote) => boolean,
  limit: number,
): UserPlace[] {
  return inObject(event, object, () => {
    using image = openObject(object);
    const notes = readUsdtNotes(image).filter(isWanted);
    expectFew(event, notes.length, limit);
    return notes.map(({ provider, name, address, semaphore, arguments: words }) => ({
      object,
      function: `${provider}:${name}`,
      start: address,
      into: 0,
      offset: fileOffsetOf(image, address),
      aliases: [],
      semaphore: semaphore === 0 ? undefined : fileOffsetOf(image, semaphore),
      arguments: words.map((text) => ({ text, read: parseUsdtArgument(text, image.machine) })),
    }));
  });
}

function resolveKernel(request: KernelProbeRequest, { limit }: ResolveOptions): ResolvedEvent {
  const { text, kind, function: pattern } = request;
  const functions = new KernelFunctions().functions(text, pattern, limit);
  const offset = pattern.kind === 'name' ? pattern.offset : 0;
  const atReturn = kind === 'kretprobe';
  if (atReturn && offset > 0)
    throw new BadEvent('syntax', text, 'a function returns as a whole: leave out the offset');
  return { kind: 'kernel', request, atReturn, functions, offset };
}

/** Where the kernel's own list of events is mounted, best first. */
const TRACEFS: readonly string[] = ['/sys/kernel/tracing', '/sys/kernel/debug/tracing'];

function resolveTracepoint(request: TracepointRequest): ResolvedEvent {
  const { text, system, name } = request;
  const mounted = TRACEFS.find((folder) => existsSync(`${folder}/events`));
  // System calls have one tracepoint for all: their events are made by the tracer.
  const needsTracefs = system === 'syscalls';
  if (mounted !== undefined && existsSync(`${mounted}/events/${system}/${name}/id`))
    return { kind: 'tracepoint', request, needsTracefs };
  if (needsTracefs && mounted === undefined)
    throw new BadEvent(
      'unusable',
      text,
      'events of system calls need tracefs: mount -t tracefs tracefs /sys/kernel/tracing',
    );
  new KernelFunctions().expectTracepoint(text, name);
  return { kind: 'tracepoint', request, needsTracefs };
}
