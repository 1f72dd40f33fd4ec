// Processes that a test started: what /proc says about them, and how they are ended, by pid and
// never by name.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { isSystemError } from '@waggle/symbols/system-error';
import { eventually } from './deadline.ts';

/** Fields of /proc/PID/stat by their number in proc_pid_stat(5); undefined when it is gone. */
export function statFields(pid: number): readonly string[] | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  const afterComm = text.lastIndexOf(')') + 2;
  const comm = text.slice(text.indexOf('(') + 1, afterComm - 2);
  return ['', String(pid), comm, ...text.slice(afterComm).trim().split(' ')];
}

/** Runs, and is not a zombie. */
export function isAlive(pid: number): boolean {
  const state = statFields(pid)?.[3];
  return state !== undefined && state !== 'Z' && state !== 'X';
}

/** Start time in clock ticks since boot. */
export function startTicks(pid: number): number | undefined {
  const field = statFields(pid)?.[22];
  return field === undefined ? undefined : Number(field);
}

/** CPU time of all threads in milliseconds; USER_HZ is 100 wherever waggle runs. */
export function cpuMilliseconds(pid: number): number {
  const fields = statFields(pid);
  return (Number(fields?.[14] ?? 0) + Number(fields?.[15] ?? 0)) * 10;
}

/** When it has had so much CPU time more than it had when it was asked: on a busy host, that takes long. */
export async function untilBurned(pid: number, milliseconds: number): Promise<void> {
  const before = cpuMilliseconds(pid);
  await eventually(
    `${pid} to burn ${milliseconds} ms`,
    () => cpuMilliseconds(pid) - before >= milliseconds,
    100_000,
  );
}

/** Everybody below `root` right now, without itself. */
export function descendantsOf(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    const ppid = /^\d+$/.test(name) ? statFields(Number(name))?.[4] : undefined;
    if (ppid === undefined) continue;
    const siblings = children.get(Number(ppid));
    if (siblings === undefined) children.set(Number(ppid), [Number(name)]);
    else siblings.push(Number(name));
  }
  const found: number[] = [];
  for (const open = [root]; open.length > 0; ) {
    const next = children.get(open.pop() ?? 0) ?? [];
    found.push(...next);
    open.push(...next);
  }
  return found;
}

/** A process and not just a pid, which may be another's by now. */
export interface Witness {
  readonly pid: number;
  readonly startTicks: number;
}

/** Everybody below `root` right now, to be ended later. */
export function witnessesBelow(root: number): Witness[] {
  return descendantsOf(root).flatMap(witness);
}

function witness(pid: number): Witness[] {
  const ticks = startTicks(pid);
  return ticks === undefined ? [] : [{ pid, startTicks: ticks }];
}

/** Everybody who was seen below a process, looked for so often that a look must not cost what `witnessesBelow` does. */
export class Descendants {
  readonly #root: number;
  readonly #seen = new Map<number, Witness>();

  constructor(root: number) {
    this.#root = root;
  }

  get seen(): Iterable<Witness> {
    return this.#seen.values();
  }

  look(): void {
    if (!LISTS_CHILDREN) {
      this.lookAtAll();
      return;
    }
    for (const open = [this.#root]; open.length > 0; )
      for (const one of childrenOf(open.pop() ?? 0).flatMap(witness)) {
        this.#seen.set(one.pid, one);
        open.push(one.pid);
      }
  }

  /** At every process there is: one that ends may hide its siblings from `look`. */
  lookAtAll(): void {
    for (const one of witnessesBelow(this.#root)) this.#seen.set(one.pid, one);
  }
}

/** Not in every kernel: CONFIG_PROC_CHILDREN. */
const LISTS_CHILDREN = existsSync(`/proc/self/task/${process.pid}/children`);

/** Of all its threads, as proc_pid_children(5) lists them. */
function childrenOf(pid: number): number[] {
  const folder = `/proc/${pid}/task`;
  const children: number[] = [];
  try {
    for (const thread of readdirSync(folder)) {
      const listed = readFileSync(`${folder}/${thread}/children`, 'utf8');
      for (const child of listed.split(' ')) if (child !== '') children.push(Number(child));
    }
  } catch {
    // It has ended, or a thread has: the next look sees more.
  }
  return children;
}

/** SIGKILL for those of them that still run. */
export function killWitnesses(witnesses: Iterable<Witness>): void {
  for (const { pid, startTicks: ticks } of witnesses) if (startTicks(pid) === ticks) killHard(pid);
}

/** SIGKILL; harmless when it has ended. */
export function killHard(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!isSystemError(error) || error.code !== 'ESRCH') throw error;
  }
}

/** A process for as long as the scope lasts: it and everything below it is killed at the end. */
export class TestProcess implements AsyncDisposable {
  readonly pid: number;
  readonly #child: Bun.Subprocess<'pipe', 'pipe', 'pipe'>;
  readonly #reading: Promise<void>;
  #output = '';

  constructor(command: readonly string[], options: { cwd?: string; uid?: number } = {}) {
    this.#child = Bun.spawn([...command], {
      ...options,
      stdin: 'pipe',
      stdout: 'pipe',
      stderr: 'pipe',
    });
    this.pid = this.#child.pid;
    this.#reading = this.#read();
  }

  /** Standard output so far. */
  get stdout(): string {
    return this.#output;
  }

  writeLine(text: string): void {
    this.#child.stdin.write(`${text}\n`);
    this.#child.stdin.flush();
  }

  endInput(): void {
    this.#child.stdin.end();
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Exit code, or 128 + signal as a shell has it, once it ended and its output was read. */
  async ended(): Promise<number> {
    await this.#reading;
    return this.#child.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const pid of [this.pid, ...descendantsOf(this.pid)]) killHard(pid);
    await this.#child.exited;
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of this.#child.stdout)
      this.#output += decoder.decode(chunk, { stream: true });
  }
}

/** Runs a command to its end. @throws unless it ends with 0. */
export async function run(...command: readonly string[]): Promise<string> {
  const child = Bun.spawn([...command], { stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' });
  const [stdout, stderr, code] = await Promise.all([
    child.stdout.text(),
    child.stderr.text(),
    child.exited,
  ]);
  if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}: ${stderr}`);
  return stdout;
}

/** Runs a command to its end, whatever it ends with; its exit code. */
export async function exitCodeOf(...command: readonly string[]): Promise<number> {
  const child = Bun.spawn([...command], { stdin: 'ignore', stdout: 'ignore', stderr: 'ignore' });
  return child.exited;
}
