// The contract of `waggle trace --json`: names and types of all fields, and that what they say is
// what /proc says about the same process.

import { describe, expect } from 'bun:test';
import { readFileSync, readlinkSync } from 'node:fs';
import { eventually } from './support/deadline.ts';
import {
  type ExitLine,
  exitsOf,
  isExec,
  isExit,
  isFork,
  isLost,
  type TraceEvent,
} from './support/events.ts';
import { kernelTest } from './support/kernel-test.ts';
import { run, startTicks, statFields, TestProcess } from './support/processes.ts';
import { Waggle } from './support/waggle.ts';
import { workload } from './support/workloads.ts';

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/;
/** A 64-bit number, as a string. */
const NUMERAL = /^(0|[1-9]\d*)$/;
/** Nanoseconds of a clock tick; USER_HZ is 100. */
const TICK_NS = 10_000_000n;

type Shape = Readonly<Record<string, (value: unknown) => boolean>>;

const isInteger = (value: unknown) => Number.isInteger(value) && (value as number) >= 0;
const isString = (value: unknown) => typeof value === 'string';
const isBoolean = (value: unknown) => typeof value === 'boolean';
const isNumeral = (value: unknown) => typeof value === 'string' && NUMERAL.test(value);
const isTime = (value: unknown) => typeof value === 'string' && TIME.test(value);
const isStrings = (value: unknown) => Array.isArray(value) && value.every(isString);
const orNull = (check: (value: unknown) => boolean) => (value: unknown) =>
  value === null || check(value);

const PROCESS: Shape = {
  event: isString,
  time: isTime,
  pid: isInteger,
  ppid: isInteger,
  startTime: isNumeral,
  execId: isInteger,
  comm: isString,
  tid: isInteger,
  parentComm: orNull(isString),
  processId: isString,
  parentProcessId: isString,
  eventId: isString,
};

const SHAPES: Readonly<Record<TraceEvent['event'], Shape>> = {
  exec: {
    ...PROCESS,
    filename: isString,
    argv: isStrings,
    argvTruncated: isBoolean,
    uid: isInteger,
    gid: isInteger,
    cgroupId: isNumeral,
    containerId: orNull(isString),
    nsMnt: isInteger,
    nsPid: isInteger,
    exe: isString,
    exeTruncated: isBoolean,
    cwd: isString,
    cwdTruncated: isBoolean,
    exeInode: isNumeral,
    exeDevice: (value) => typeof value === 'string' && /^\d+:\d+$/.test(value),
    effectiveUid: isInteger,
    effectiveGid: isInteger,
    loginUid: orNull(isInteger),
    sessionId: isInteger,
    tty: orNull(isString),
    marks: isStrings,
    interpreter: orNull(isString),
    stdio: isStrings,
  },
  exit: {
    ...PROCESS,
    filename: orNull(isString),
    argv: orNull(isStrings),
    argvTruncated: isBoolean,
    uid: isInteger,
    cgroupId: isNumeral,
    containerId: orNull(isString),
    exitCode: isInteger,
    signal: orNull(isString),
    coreDumped: isBoolean,
    lifetimeNs: isNumeral,
    userNs: isNumeral,
    systemNs: isNumeral,
    maxRssBytes: isNumeral,
    majorFaults: isInteger,
    readBytes: orNull(isNumeral),
    writeBytes: orNull(isNumeral),
    voluntarySwitches: isInteger,
    involuntarySwitches: isInteger,
  },
  fork: { ...PROCESS, childPid: isInteger, childStartTime: isNumeral, uid: isInteger },
  'failed-exec': {
    ...PROCESS,
    error: isString,
    filename: orNull(isString),
    argv: isStrings,
    argvTruncated: isBoolean,
    uid: isInteger,
    gid: isInteger,
    cgroupId: isNumeral,
  },
  limited: { event: isString, time: isTime, count: isInteger },
  untracked: { event: isString, time: isTime, count: isInteger },
  lost: { event: isString, time: isTime, count: isInteger },
};

function expectShape(event: TraceEvent): void {
  const shape = SHAPES[event.event];
  expect(Object.keys(event).sort()).toEqual(Object.keys(shape).sort());
  const fields = Object.entries(event);
  expect(fields.filter(([name, value]) => !shape[name]?.(value))).toEqual([]);
}

/** Nanoseconds since the epoch. */
function nanoseconds(time: string): bigint {
  const whole = BigInt(Date.parse(`${time.slice(0, 19)}Z`)) * 1_000_000n;
  return whole + BigInt(time.slice(20, 29));
}

const namespaceOf = (pid: number, kind: 'mnt' | 'pid') =>
  Number(/\[(\d+)\]/.exec(readlinkSync(`/proc/${pid}/ns/${kind}`))?.[1]);

describe('trace --json', () => {
  kernelTest('has exactly the documented fields, of the documented types', async () => {
    const args = ['trace', '--json', '--events', 'fork,exec,exit', '--ring-size', '4096'];
    const command = ['--', workload('storm'), '400', '0', workload('exit_with')];
    const { events } = await Waggle.run([...args, ...command]);
    for (const event of events) expectShape(event);
    for (const kind of [isExec, isExit, isFork, isLost]) expect(events.some(kind)).toBe(true);
  });

  kernelTest('is one object a line, each line whole', async () => {
    const command = [workload('exit_with'), 'a\nb', '\u2028'];
    const { stdout } = await Waggle.run(['trace', '--json', '--', ...command]);
    const lines = stdout.split('\n');
    expect(lines.pop()).toBe('');
    expect(lines.length).toBe(2);
    for (const line of lines) expect(typeof JSON.parse(line)).toBe('object');
  });

  kernelTest('says of an exec what /proc says of the running process', async () => {
    await using waggle = await Waggle.trace();
    const before = BigInt(Date.now()) * 1_000_000n;
    const user = ['setpriv', '--reuid=65533', '--regid=65531', '--clear-groups'];
    await using sleeper = new TestProcess([...user, 'sleep', '1000']);
    const exec = await waggle.event(
      (event) => isExec(event) && event.argv.join(' ') === 'sleep 1000',
    );
    const after = BigInt(Date.now() + 1) * 1_000_000n;
    if (!isExec(exec)) throw new Error('not an exec event');
    const fields = statFields(sleeper.pid);
    const status = readFileSync(`/proc/${sleeper.pid}/status`, 'utf8');
    expect(exec.pid).toBe(sleeper.pid);
    expect(exec.tid).toBe(sleeper.pid);
    expect(exec.comm).toBe(fields?.[2] ?? '');
    expect(exec.ppid).toBe(Number(fields?.[4]));
    expect(exec.ppid).toBe(process.pid);
    expect(Number(BigInt(exec.startTime) / TICK_NS)).toBe(startTicks(sleeper.pid)!);
    expect(exec.uid).toBe(Number(/^Uid:\t(\d+)/m.exec(status)?.[1]));
    expect(exec.gid).toBe(Number(/^Gid:\t(\d+)/m.exec(status)?.[1]));
    expect(exec.uid).toBe(65533);
    expect(exec.gid).toBe(65531);
    expect(exec.nsMnt).toBe(namespaceOf(sleeper.pid, 'mnt'));
    expect(exec.nsPid).toBe(namespaceOf(sleeper.pid, 'pid'));
    expect(exec.filename).toMatch(/\/sleep$/);
    expect(exec.argv).toEqual(['sleep', '1000']);
    expect(nanoseconds(exec.time)).toBeGreaterThanOrEqual(before);
    expect(nanoseconds(exec.time)).toBeLessThanOrEqual(after);
    sleeper.kill('SIGTERM');
    await sleeper.ended();
    const { events } = await waggle.stop();
    const exit = exitsOf(events, sleeper.pid)[0]!;
    expect(exit.startTime).toBe(exec.startTime);
    expect(exit.execId).toBe(exec.execId);
    expect(exit.filename).toBe(exec.filename);
    expect(exit.uid).toBe(65533);
  });

  kernelTest('shows the namespaces of a process in others', async () => {
    await using waggle = await Waggle.trace();
    const command = ['unshare', '--mount', '--pid', '--fork', 'sleep', '1000'];
    await using _unshare = new TestProcess(command);
    const exec = await waggle.event(
      (event) => isExec(event) && event.argv.join(' ') === 'sleep 1000',
    );
    if (!isExec(exec)) throw new Error('not an exec event');
    expect(exec.nsMnt).toBe(namespaceOf(exec.pid, 'mnt'));
    expect(exec.nsPid).toBe(namespaceOf(exec.pid, 'pid'));
    expect(exec.nsMnt).not.toBe(namespaceOf(process.pid, 'mnt'));
    expect(exec.nsPid).not.toBe(namespaceOf(process.pid, 'pid'));
  });

  kernelTest('measures the lifetime from the start of the process to its end', async () => {
    await using waggle = await Waggle.trace();
    const started = performance.now();
    await run('sleep', '0.3');
    const tookMs = performance.now() - started;
    const { events } = await waggle.stop();
    const exec = events.filter(isExec).find(({ argv }) => argv[1] === '0.3')!;
    const exit = exitsOf(events, exec.pid)[0]!;
    const lifetimeMs = Number(BigInt(exit.lifetimeNs)) / 1e6;
    expect(lifetimeMs).toBeGreaterThanOrEqual(300);
    expect(lifetimeMs).toBeLessThanOrEqual(tookMs);
    const betweenMs = Number(nanoseconds(exit.time) - nanoseconds(exec.time)) / 1e6;
    expect(betweenMs).toBeGreaterThanOrEqual(300);
    expect(betweenMs).toBeLessThanOrEqual(lifetimeMs);
  });

  kernelTest('names the program of a process that ran before the trace began', async () => {
    await using older = new AsyncDisposableStack();
    const before = Array.from({ length: 50 }, () => older.use(new TestProcess(['sleep', '1000'])));
    await using sleeper = new TestProcess(['sleep', '1000']);
    await eventually('sleep to run', () => statFields(sleeper.pid)?.[2] === 'sleep');
    const executable = readlinkSync(`/proc/${sleeper.pid}/exe`);
    const ticks = startTicks(sleeper.pid);
    await using waggle = await Waggle.trace();
    // /proc is read from the newest process on, for a while on a host with thousands: until it is known of an
    // older one what it ran.
    for (const { pid } of before) {
      process.kill(pid, 'SIGKILL');
      const exit = await waggle.event(
        (event): event is ExitLine => isExit(event) && event.pid === pid,
      );
      if (exit.filename !== null) break;
      await Bun.sleep(200);
    }
    sleeper.kill('SIGKILL');
    await sleeper.ended();
    const { events } = await waggle.stop();
    const exit = exitsOf(events, sleeper.pid)[0]!;
    expect(exit.filename).toBe(executable);
    expect(Number(BigInt(exit.startTime) / TICK_NS)).toBe(ticks!);
    expect(exit.signal).toBe('SIGKILL');
  });

  kernelTest("names the parent's program for a child that never called execve", async () => {
    const { events } = await Waggle.run(['trace', '--json', '--', 'sh', '-c', '(exit 5); exit 0']);
    const shell = events.find(isExec)!;
    const forked = events.filter(isExit).find(({ pid }) => pid !== shell.pid)!;
    expect(forked.exitCode).toBe(5);
    expect(forked.filename).toBe(shell.filename);
    expect(forked.ppid).toBe(shell.pid);
  });

  kernelTest('never gives an orphan the name of the process that adopted it', async () => {
    // The grandchild outlives its parent, then ends: by then init, or a subreaper, is its parent.
    const script = '((sleep 0.3; exit 6) & exit 0); sleep 0.6';
    const { events } = await Waggle.run(['trace', '--json', '--', 'bash', '-c', script]);
    const shell = events.find(isExec)!;
    const orphan = events.filter(isExit).find(({ exitCode }) => exitCode === 6)!;
    expect(orphan.ppid).not.toBe(shell.pid);
    expect([null, shell.filename]).toContain(orphan.filename);
  });
});
