// The waggle command with what it took: the most memory, and CPU time of all its threads.

import { readFileSync } from 'node:fs';
import { cpuMilliseconds } from './processes.ts';
import { WAGGLE } from './waggle.ts';

export interface MeasuredResult {
  readonly code: number;
  readonly stderr: string;
  /** In bytes, of the whole process. */
  readonly memory: number;
  readonly cpuSeconds: number;
}

export async function measured(...args: string[]): Promise<MeasuredResult> {
  const child = Bun.spawn([...WAGGLE, ...args], {
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'pipe',
  });
  const stderr = new Response(child.stderr).text();
  // getrusage(2) would tell of this process too, as large as it was when it forked.
  let memory = 0;
  let cpuSeconds = 0;
  const watching = setInterval(() => {
    memory = peakOf(child.pid) ?? memory;
    cpuSeconds = Math.max(cpuSeconds, cpuMilliseconds(child.pid) / 1000);
  }, 5);
  const code = await child.exited;
  clearInterval(watching);
  return { code, stderr: await stderr, memory, cpuSeconds };
}

/** The most that it had in memory so far; `undefined` where it has ended. */
function peakOf(pid: number): number | undefined {
  try {
    const found = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return found === null ? undefined : Number(found[1]) * 1024;
  } catch {
    return undefined;
  }
}
