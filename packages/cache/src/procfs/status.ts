/**
 * /proc/PID/status: `Key:\tvalue` lines. Only who the process is gets read: ids and the pid in
 * each namespace. The kernel escapes newlines in Name, so lines are lines here.
 */
import { ProcfsError } from './error.ts';
import type { IdSet, ProcStatus } from './procfs.ts';

/** Whether it is of a leader that has ended while its threads live on. */
export function isOfEndedLeader(text: string): boolean {
  return /^State:\s+[ZX]/m.test(text) && Number(/^Threads:\s+(\d+)/m.exec(text)?.[1] ?? 0) > 1;
}

export function parseStatus(text: string, pid: number): ProcStatus {
  const malformed = (): ProcfsError => new ProcfsError('malformed', pid, 'status');

  const value = (key: string): string | undefined => {
    const start = text.startsWith(`${key}:`) ? 0 : text.indexOf(`\n${key}:`) + 1;
    if (start === 0 && !text.startsWith(`${key}:`)) return undefined;
    const end = text.indexOf('\n', start);
    return text.slice(start + key.length + 1, end < 0 ? text.length : end).trim();
  };
  const numbers = (key: string): number[] | undefined => {
    const list = value(key)?.split(/\s+/).map(Number);
    if (list?.some((n) => !Number.isSafeInteger(n))) throw malformed();
    return list;
  };
  const number = (key: string): number => {
    const first = numbers(key)?.[0];
    if (first === undefined) throw malformed();
    return first;
  };
  const ids = (key: string): IdSet => {
    const [real, effective, saved, fs] = numbers(key) ?? [];
    if (real === undefined || effective === undefined || saved === undefined || fs === undefined) {
      throw malformed();
    }
    return { real, effective, saved, fs };
  };

  const mask = (key: string): bigint => {
    const digits = value(key) ?? '0';
    if (!/^[0-9a-f]{1,32}$/.test(digits)) throw malformed();
    return BigInt(`0x${digits}`);
  };

  return {
    name: value('Name') ?? '',
    tgid: number('Tgid'),
    pid: number('Pid'),
    ppid: number('PPid'),
    uid: ids('Uid'),
    gid: ids('Gid'),
    nspid: numbers('NSpid') ?? [],
    caughtSignals: mask('SigCgt'),
  };
}
