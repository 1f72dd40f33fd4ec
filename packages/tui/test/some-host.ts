// A host in memory with processes, samples and events, and a Top that looks at it.

import { MemoryProcfs } from '@waggle/cache/testing';
import type { ExecEvent, ExitEvent, ForkEvent, ProcessEvent } from '@waggle/core';
import type { Profile, ProfileFrame } from '@waggle/formats';
import type { TopOptions } from '../src/app/shown.ts';
import { Top } from '../src/app/top.ts';
import { MemoryScreen } from '../src/screen/memory-screen.ts';

export const NOW = 1_700_000_000_000;

export interface SomeHost {
  readonly top: Top;
  readonly procfs: MemoryProcfs;
  readonly saved: string[];
  readonly copied: string[];
  press(...keys: string[]): void;
  screen(width?: number, height?: number): MemoryScreen;
}

export function someHost(options: Partial<TopOptions> = {}): SomeHost {
  const procfs = new MemoryProcfs();
  const saved: string[] = [];
  const copied: string[] = [];
  const top = new Top(
    {
      host: 'hive',
      cpus: 2,
      frequencyHz: 100,
      procfs,
      pageBytes: 4096,
      bootTimeMs: NOW - 3_600_000,
      reveal: false,
      userName: (uid) => (uid === 0 ? 'root' : String(uid)),
      commandLine: (argv) => argv.join(' '),
      describe: () => undefined,
      save: async (stacks, path, _measure, opens) => {
        saved.push(`${stacks.length} ${path}${opens ? ' opened' : ''}`);
        return `written to ${path}`;
      },
      copy: (text) => {
        copied.push(text);
      },
      ...options,
    },
    NOW,
  );
  return {
    top,
    procfs,
    saved,
    copied,
    press(...keys) {
      for (const key of keys) top.press(key);
    },
    screen(width = 100, height = 30) {
      const screen = new MemoryScreen(width, height);
      top.draw(screen);
      return screen;
    },
  };
}

/** Keys of a text, as a terminal gives them. */
export const typed = (text: string): string[] =>
  [...text].map((character) => (character === ' ' ? 'space' : character));

const COMMON = {
  bootTime: 0n,
  processId: '',
  parentProcessId: '',
  tid: 0,
  startTime: 0n,
  execId: 0,
  parentStartTime: 0n,
  parentComm: null,
  cgroup: null,
  containerId: null,
  cgroupId: 0n,
  uid: 0,
  gid: 0,
  argvTruncated: false,
  detail: null,
  environ: null,
  environTruncated: false,
};

const nanoseconds = (ms: number): bigint => BigInt(ms) * 1_000_000n;

export function forkEvent(pid: number, childPid: number, time = NOW): ProcessEvent {
  const event = { ...COMMON, event: 'fork', pid, ppid: 1, comm: 'parent', childPid };
  return { ...event, time: nanoseconds(time), childCgroup: null } as unknown as ForkEvent;
}

export function execEvent(pid: number, ppid: number, argv: string[], time = NOW): ProcessEvent {
  const comm = argv[0]?.split('/').at(-1) ?? '';
  const event = { ...COMMON, event: 'exec', pid, ppid, comm, argv, filename: argv[0] ?? null };
  return { ...event, time: nanoseconds(time) } as unknown as ExecEvent;
}

export function exitEvent(
  pid: number,
  ppid: number,
  argv: string[],
  end: Partial<Pick<ExitEvent, 'exitCode' | 'signal' | 'coreDumped'>> = {},
  time = NOW,
): ProcessEvent {
  const comm = argv[0]?.split('/').at(-1) ?? '';
  const outcome = { exitCode: 0, signal: null, coreDumped: false, ...end };
  const event = {
    ...COMMON,
    ...outcome,
    event: 'exit',
    pid,
    ppid,
    comm,
    argv,
    filename: argv[0] ?? null,
  };
  const usage = {
    ...{ userNs: 8_000_000n, systemNs: 4_000_000n, maxRssBytes: 3_145_728n, majorFaults: 0 },
    ...{ readBytes: 4096n, writeBytes: 0n, voluntarySwitches: 1, involuntarySwitches: 2 },
  };
  const at = { time: nanoseconds(time), lifetimeNs: 5_000_000n };
  return { ...event, ...usage, ...at } as unknown as ExitEvent;
}

/** `pid comm;function;function count`, one stack a line; `k:` before a function of the kernel. */
export function profileOf(...lines: string[]): Profile {
  const stacks = lines.map((line) => {
    const [, way = '', count = ''] = /^(.*) (\d+)$/.exec(line) ?? [];
    const [owner = '', ...functions] = way.split(';');
    const [pid = '', comm = ''] = owner.split(' ');
    const frames: ProfileFrame[] = [
      { name: pid, kind: 'process' },
      { name: comm, kind: 'process' },
      ...functions.map((name): ProfileFrame => {
        if (name.startsWith('k:')) return { name: name.slice(2), kind: 'kernel' };
        return { name, kind: 'user', object: `/usr/bin/${comm}` };
      }),
    ];
    return { frames, count: Number(count) };
  });
  const samples = stacks.reduce((sum, { count }) => sum + count, 0);
  return {
    stacks,
    metadata: {
      host: 'hive',
      frequencyHz: 100,
      startTime: new Date(NOW),
      durationSeconds: 1,
      samples,
      lostSamples: 0,
    },
  };
}
