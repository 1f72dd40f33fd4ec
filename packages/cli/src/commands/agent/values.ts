/** Values of settings as people write them, on the command line and in the file. */

// Types alone: the command line is read before anything else is loaded.
import type { OtlpProtocol, Signal } from '@waggle/otlp';

export const USUAL_METRICS_PORT = 9478;
export const USUAL_SERVE_PORT = 9477;
export const DEFAULTS = {
  keep: '7d',
  maxSize: '2G',
  frequency: 19,
  maxCpu: 50,
  maxMemory: '512M',
  otlpSpoolSize: '256M',
} as const;

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
const MIN_KEPT_SECONDS = 60;
const BYTES: Readonly<Record<string, number>> = {
  K: 1024,
  M: 1024 ** 2,
  G: 1024 ** 3,
  T: 1024 ** 4,
};
/** Less than this the tables of one busy minute may have. */
const MIN_BYTES = 16 * 1024 ** 2;
/** The runtime and the maps alone take more than half of it. */
const MIN_MEMORY_BYTES = 128 * 1024 ** 2;
/** Per cent of one CPU; all of the largest host. */
const MAX_CPU = 100 * 8192;
/** A few requests. */
const MIN_SPOOL_BYTES = 1024 ** 2;

/** In seconds; undefined for what is no age. */
export function parseKeep(text: string): number | undefined {
  const [, count, unit = ''] = /^(\d{1,6})([smhdw])$/.exec(text.trim()) ?? [];
  const seconds = Number(count) * (SECONDS[unit] ?? Number.NaN);
  return seconds >= MIN_KEPT_SECONDS ? seconds : undefined;
}

/** In bytes; undefined for what is no size. */
export const parseSize = (text: string): number | undefined => sizeOf(text, MIN_BYTES);

export const parseMemory = (text: string): number | undefined => sizeOf(text, MIN_MEMORY_BYTES);

/** Per cent of one CPU, with or without the sign; undefined for what is none. */
export function parseCpuShare(text: string): number | undefined {
  const [, digits] = /^(\d+(?:\.\d+)?)\s*%?$/.exec(text.trim()) ?? [];
  const share = Number(digits);
  return share >= 1 && share <= MAX_CPU ? share : undefined;
}

export const parseSpoolSize = (text: string): number | undefined => sizeOf(text, MIN_SPOOL_BYTES);

function sizeOf(text: string, least: number): number | undefined {
  const [, count, unit = ''] = /^(\d{1,9})([KMGT])(?:i?B)?$/i.exec(text.trim()) ?? [];
  const bytes = Number(count) * (BYTES[unit.toUpperCase()] ?? Number.NaN);
  return bytes >= least ? bytes : undefined;
}

const SIGNALS: readonly Signal[] = ['logs', 'metrics', 'profiles'];

export const PROTOCOLS: readonly OtlpProtocol[] = ['http/protobuf', 'grpc'];

export const parseProtocol = (text: string): OtlpProtocol | undefined =>
  PROTOCOLS.find((each) => each === text);

/** `logs,metrics`; undefined for an empty list or a name that is none. */
export function parseSignals(names: readonly string[]): readonly Signal[] | undefined {
  const isSignal = (name: string): name is Signal => SIGNALS.some((each) => each === name);
  return names.length > 0 && names.every(isSignal) ? [...new Set(names)] : undefined;
}

/** `NAME=VALUE`; undefined for what is none. */
export function parseAttribute(text: string): readonly [name: string, value: string] | undefined {
  const [, name, value] = /^([^=\s]+)=(.*)$/s.exec(text) ?? [];
  return name === undefined || value === undefined ? undefined : [name, value];
}
