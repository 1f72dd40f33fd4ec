/** A program that does its work while a tool records it: what the work takes, what the tool does, what the kernel does. */

import { readdirSync, readFileSync, rmSync } from 'node:fs';

/** For each tool to attach itself. */
const START_MS = 3000;
/** Until a tool that was asked to end is ended. */
const END_MS = 15_000;
const TICKS_A_SECOND = 100;
const PERF_EVENT_PROGRAM = 7;

export interface RecordedWork {
  /** Seconds of CPU that the work took, as the program says. */
  readonly work: number;
  /** Percent of a CPU that the tool took meanwhile. */
  readonly tool: number;
  /** Nanoseconds in BPF for each second of the work's CPU; undefined for what has none. */
  readonly bpf: number | undefined;
}

/** A process and what it has started: seconds of CPU. */
function cpuOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const own = (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim();
    return children
      .split(' ')
      .filter((child) => child !== '')
      .reduce((sum, child) => sum + cpuOf(Number(child)), own);
  } catch {
    return 0;
  }
}

/** What its samplers have taken until now; 0 of one that is gone. */
function bpfOf(pid: number): number {
  try {
    return bpfIn(`/proc/${pid}/fdinfo`);
  } catch {
    return 0;
  }
}

function bpfIn(folder: string): number {
  let time = 0;
  for (const fd of readdirSync(folder)) {
    const info = readFileSync(`${folder}/${fd}`, 'latin1');
    if (!new RegExp(`^prog_type:\\t${PERF_EVENT_PROGRAM}$`, 'm').test(info)) continue;
    time = Math.max(time, Number(/^run_time_ns:\t(\d+)$/m.exec(info)?.[1] ?? 0));
  }
  return time;
}

/** What it prints up to the end of a line. Behind that it ends, and then does what records it. */
async function firstLine(printed: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const part of printed) {
    text += decoder.decode(part, { stream: true });
    if (text.includes('\n')) break;
  }
  return text;
}

/**
 * @param program begins its work with a line on its standard input, and prints its seconds
 * @param folder where it runs: V8 leaves a log there when it is asked for a perf map
 * @param tool its command, by the program's number; undefined where nothing records it
 * @throws where the program says nothing, or the tool does not run until the end of the work
 */
export async function recordedWork(
  program: readonly string[],
  folder: string,
  tool?: (pid: number) => readonly string[],
): Promise<RecordedWork> {
  const worker = Bun.spawn([...program], {
    ...{ cwd: folder, stdin: 'pipe', stdout: 'pipe', stderr: 'ignore' },
  });
  const command = tool?.(worker.pid);
  const recorder = command && Bun.spawn([...command], { stdout: 'ignore', stderr: 'ignore' });
  if (recorder !== undefined) await Bun.sleep(START_MS);
  const seen = () =>
    recorder && { cpu: cpuOf(recorder.pid), bpf: bpfOf(recorder.pid), at: performance.now() };
  const before = seen();
  worker.stdin.write('go\n');
  worker.stdin.end();
  const printed = await firstLine(worker.stdout);
  const isRunning = recorder?.exitCode === null;
  const after = seen();
  if (recorder !== undefined) {
    // SIGINT is ignored by what a shell has started in the background.
    recorder.kill('SIGTERM');
    const late = setTimeout(() => recorder.kill('SIGKILL'), END_MS);
    await recorder.exited;
    clearTimeout(late);
  }
  await worker.exited;
  rmSync(`/tmp/perf-${worker.pid}.map`, { force: true });
  const work = Number(printed);
  if (printed === '' || !Number.isFinite(work)) throw new Error(`${program.join(' ')}: no result`);
  if (before === undefined || after === undefined) return { work, tool: 0, bpf: undefined };
  if (!isRunning) throw new Error(`${command?.join(' ')}: ended before the work did`);
  const bpf = after.bpf - before.bpf;
  const seconds = (after.at - before.at) / 1000;
  return {
    work,
    tool: (100 * (after.cpu - before.cpu)) / seconds,
    bpf: bpf > 0 ? bpf / work : undefined,
  };
}
