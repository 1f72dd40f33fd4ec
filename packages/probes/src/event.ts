/**
 * The events that `-e` takes, from text: perf's own by their names, and probes.
 *
 *     page-faults   cycles:u   r01c2
 *     uprobe:[PATH|LIB:]FUNCTION[+OFFSET]   uretprobe:…   usdt:[PATH:]PROVIDER:NAME
 *     kprobe:FUNCTION[+OFFSET]   kretprobe:…   tracepoint:SYSTEM:NAME
 */
import { BadEvent } from './bad-event.ts';
import { type FunctionPattern, parseFunction } from './function-pattern.ts';
import { nearest } from './nearest.ts';
import { PERF_EVENT_NAMES, type PerfEventKind, perfEventKind } from './perf-events.ts';

export interface PerfEventRequest extends PerfEventKind {
  readonly kind: 'perf';
  /** As it was given. */
  readonly text: string;
  readonly excludeUser: boolean;
  readonly excludeKernel: boolean;
  /** Asked for an address that is exact (`:p`). */
  readonly precise: boolean;
}

export interface UserProbeRequest {
  readonly kind: 'uprobe' | 'uretprobe';
  readonly text: string;
  /** A path, or a library's name; undefined: to be found. */
  readonly object: string | undefined;
  readonly function: FunctionPattern;
}

export interface UsdtRequest {
  readonly kind: 'usdt';
  readonly text: string;
  readonly object: string | undefined;
  readonly provider: string;
  readonly name: string;
}

export interface KernelProbeRequest {
  readonly kind: 'kprobe' | 'kretprobe';
  readonly text: string;
  readonly function: FunctionPattern;
}

export interface TracepointRequest {
  readonly kind: 'tracepoint';
  readonly text: string;
  readonly system: string;
  readonly name: string;
}

export type EventRequest =
  | PerfEventRequest
  | UserProbeRequest
  | UsdtRequest
  | KernelProbeRequest
  | TracepointRequest;

const PROBES = ['uprobe', 'uretprobe', 'usdt', 'kprobe', 'kretprobe', 'tracepoint'] as const;
/** PATH, or a library's name. */
const OBJECT = /^(?:[^:]*\/[^:]*|[\w.+-]+)$/;
const SOURCE_LINE = /^[^/:]*\.[a-z]\w{0,3}:\d+$/i;

/** @throws BadEvent for a text that names no event. */
export function parseEvent(text: string): EventRequest {
  const at = text.indexOf(':');
  const kind = PROBES.find((name) => name === text.slice(0, at));
  const rest = text.slice(at + 1);
  switch (kind) {
    case undefined:
      return parsePerfEvent(text);
    case 'uprobe':
    case 'uretprobe':
      return { kind, text, ...parseUserProbe(text, rest) };
    case 'usdt':
      return { kind, text, ...parseUsdt(text, rest) };
    case 'kprobe':
    case 'kretprobe':
      return { kind, text, function: parseFunction(text, rest) };
    case 'tracepoint': {
      const [, system, name] = /^([\w-]+):([\w-]+)$/.exec(rest) ?? [];
      if (system === undefined || name === undefined)
        throw new BadEvent('syntax', text, 'a tracepoint is written tracepoint:SYSTEM:NAME');
      return { kind, text, system, name };
    }
  }
}

function parseUserProbe(text: string, rest: string): Pick<UserProbeRequest, 'object' | 'function'> {
  const [object, name] = splitObject(rest);
  if (object !== undefined && !OBJECT.test(object))
    throw new BadEvent('syntax', text, `${JSON.stringify(object)} is no path and no library`);
  return { object, function: parseFunction(text, name) };
}

/** PATH or LIB before the function, whose name may have colons itself. */
function splitObject(text: string): [string | undefined, string] {
  if (SOURCE_LINE.test(text)) return [undefined, text];
  const before = /^([^\\^$*+?()[\]{}|]*?):(\/.+\/)$/.exec(text);
  if (before?.[1] !== undefined && before[2] !== undefined) return [before[1], before[2]];
  if (/^\/.+\/$/.test(text)) return [undefined, text];
  // `::` joins the parts of one name.
  const single = /(?<!:):(?!:)/.exec(text.replace(/[(<].*$/s, ''));
  if (single === null) return [undefined, text];
  return [text.slice(0, single.index), text.slice(single.index + 1)];
}

function parseUsdt(text: string, rest: string): Pick<UsdtRequest, 'object' | 'provider' | 'name'> {
  const parts = /^(?:(.+):)?([^:]+):([^:]+)$/.exec(rest);
  const [, object, provider, name] = parts ?? [];
  if (provider === undefined || name === undefined)
    throw new BadEvent('syntax', text, 'a USDT probe is written usdt:[PATH:]PROVIDER:NAME');
  return { object, provider, name };
}

const MODIFIERS = /^[ukhp]+$/;

function parsePerfEvent(text: string): PerfEventRequest {
  const [name = '', modifiers = '', ...more] = text.split(':');
  const kind = perfEventKind(name);
  if (kind === undefined) {
    const known = [...PERF_EVENT_NAMES, ...PROBES.map((probe) => `${probe}:`)];
    const near = nearest(name, known);
    const how =
      'known are perf events by their names (page-faults, context-switches, cycles) and ' +
      'uprobe:, uretprobe:, usdt:, kprobe:, kretprobe:, tracepoint: probes';
    throw new BadEvent('unknown', text, `there is no such event${near}; ${how}`);
  }
  if (more.length > 0 || (text.includes(':') && !MODIFIERS.test(modifiers)))
    throw new BadEvent(
      'syntax',
      text,
      `after ${name}: only u (user space), k (kernel) and p (exact) can stand`,
    );
  const hasSide = /[uk]/.test(modifiers);
  return {
    kind: 'perf',
    text,
    ...kind,
    excludeUser: hasSide && !modifiers.includes('u'),
    excludeKernel: hasSide && !modifiers.includes('k'),
    precise: modifiers.includes('p'),
  };
}
