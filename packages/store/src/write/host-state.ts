/** What explains a bad minute: pressure (PSI), memory, load, OOM kills, as /proc has them. */

import { readFileSync } from 'node:fs';
import { parseMemoryInfo } from '@waggle/ffi';
import { toNs } from '../nanoseconds.ts';

/** A row of `host`: time in ns since 1970, shares in per cent over ten seconds, bytes, load, a count since boot. */
export type HostState = readonly [
  timeNs: bigint,
  cpuSome: number | null,
  memorySome: number | null,
  memoryFull: number | null,
  ioSome: number | null,
  ioFull: number | null,
  memoryTotalBytes: number | null,
  memoryAvailableBytes: number | null,
  swapUsedBytes: number | null,
  load1: number | null,
  oomKills: number | null,
];

/** @param read a file of /proc; null where there is none */
export function readHostState(
  now: number,
  read: (path: string) => string | null = readProc,
): HostState {
  const [cpu, memory, io] = ['cpu', 'memory', 'io'].map((what) => read(`/proc/pressure/${what}`));
  const memoryBytes = parseMemoryInfo(read('/proc/meminfo') ?? '');
  const total = memoryBytes.get('SwapTotal');
  const free = memoryBytes.get('SwapFree');
  return [
    toNs(now),
    pressure(cpu, 'some'),
    pressure(memory, 'some'),
    pressure(memory, 'full'),
    pressure(io, 'some'),
    pressure(io, 'full'),
    memoryBytes.get('MemTotal') ?? null,
    memoryBytes.get('MemAvailable') ?? null,
    total === undefined || free === undefined ? null : total - free,
    found(read('/proc/loadavg'), /^([\d.]+)/),
    found(read('/proc/vmstat'), /^oom_kill (\d+)$/m),
  ];
}

function readProc(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

function found(text: string | null | undefined, pattern: RegExp): number | null {
  const value = pattern.exec(text ?? '')?.[1];
  return value === undefined ? null : Number(value);
}

/** Documentation/accounting/psi.rst */
const pressure = (text: string | null | undefined, kind: string): number | null =>
  found(text, new RegExp(`^${kind} avg10=([\\d.]+)`, 'm'));
