/**
 * `waggle ps`: what the process cache knows of some processes. It needs no BPF and no root, but
 * other users' processes show less without CAP_SYS_PTRACE.
 */

import {
  boottimeFromTicks,
  FIELD_NAMES,
  type ProcessEntry,
  ProcessMetadataCache,
  RealProcfs,
} from '@waggle/cache';
import { bootTimeMs } from '@waggle/ffi';
import { commandLine, printable, shellWord, stringifyJson } from '@waggle/text';
import { FAILED } from '../../exit-code.ts';
import { say } from '../../terminal/messages.ts';
import { Output } from '../../terminal/output.ts';
import { palette } from '../../terminal/text.ts';
import type { PsOptions } from './options.ts';

type Fields = Readonly<Record<string, unknown>>;

export async function runPs(pids: readonly number[], options: PsOptions): Promise<number> {
  const procfs = new RealProcfs();
  using cache = new ProcessMetadataCache({ capacity: pids.length, procfs });
  const output = new Output();
  let code = 0;
  for (const [index, pid] of pids.entries()) {
    const entry = cache.getOrLoad(pid)?.load();
    if (entry === undefined) {
      say(`no process has the pid ${pid}; \`ps -e\` lists those that run`);
      code = FAILED;
      continue;
    }
    const denied = FIELD_NAMES.filter((field) => entry.missing(field) === 'denied');
    const fields: Fields = {
      ...entry.inspect({ reveal: options.reveal === true }),
      startedAt: startedAt(entry, procfs.clockTicksPerSecond),
      ...(denied.length === 0 ? {} : { denied }),
    };
    if (options.json) await output.write(`${stringifyJson(fields)}\n`);
    else await output.write(`${index > 0 ? '\n' : ''}${table(forPeople(fields))}`);
    if (denied.length > 0) say(explanation(pid, denied));
  }
  return code;
}

/** RFC 3339, exact to the clock tick; undefined where procfs does not say how long the host is up. */
function startedAt({ startTime }: ProcessEntry, ticksPerSecond: number): string | undefined {
  try {
    return new Date(
      bootTimeMs() + Number(boottimeFromTicks(startTime, ticksPerSecond)) / 1e6,
    ).toISOString();
  } catch {
    return undefined;
  }
}

/** The start as a date, with the ticks that /proc has behind it. */
function forPeople({ startTime, startedAt, ...fields }: Fields): Fields {
  if (typeof startedAt !== 'string')
    return { startTime: `${startTime} ticks after boot`, ...fields };
  const { pid, ...others } = fields;
  return { pid, started: `${startedAt} (${startTime} ticks after boot)`, ...others };
}

function explanation(pid: number, denied: readonly string[]): string {
  return `of process ${pid} this user may not read ${denied.join(', ')}: it is another user's, or may not be traced. Run as root, or with CAP_SYS_PTRACE.`;
}

function table(fields: Fields): string {
  const colour = palette(process.stdout.isTTY);
  const width = Math.max(...Object.keys(fields).map((name) => name.length));
  return Object.entries(fields)
    .map(([name, value]) => `${colour.bold(name.padEnd(width))}  ${shown(name, value)}\n`)
    .join('');
}

function shown(name: string, value: unknown): string {
  if (Array.isArray(value)) {
    const parts = value.map(String);
    return name === 'cmdline' ? commandLine(parts) : parts.map(printable).join(' ');
  }
  if (typeof value === 'object' && value !== null)
    return Object.entries(value)
      .map(([key, text]) => `${printable(key)}=${shellWord(String(text))}`)
      .join(' ');
  return printable(String(value));
}
