// A host that is made up, and a server that shows it: no kernel, no root. Time is the test's own until a server
// listens.

import { MemoryProcfs } from '@waggle/cache/testing';
import type { ProcessEvent } from '@waggle/core';
import { execEvent, exitEvent, failedExecEvent, forkEvent } from '@waggle/core/testing';
import type { Profile, ProfileFrame } from '@waggle/formats';
import { LiveServer, type LiveServerOptions } from '../src/live-server.ts';
import { LiveStore, type LiveStoreOptions } from '../src/store/live-store.ts';

export const NOW = 1_790_000_000_000;
export const BOOT_MS = NOW - 86_400_000;
export const TOKEN = 'a-token-that-only-tests-have';

export const nanoseconds = (ms: number): bigint => BigInt(Math.round(ms * 1000)) * 1000n;
/** The start_boottime of what is born at a moment. */
export const startAt = (ms: number, bootMs = BOOT_MS): bigint => nanoseconds(ms - bootMs);

export function madeStore(options: Partial<LiveStoreOptions> = {}): LiveStore {
  return new LiveStore(
    {
      host: 'hive',
      frequencyHz: 100,
      procfs: new MemoryProcfs(),
      bootTimeMs: BOOT_MS,
      describe: () => undefined,
      ...options,
    },
    NOW,
  );
}

export interface Life {
  readonly pid: number;
  readonly parent?: { readonly pid: number; readonly startTime: bigint };
  readonly argv?: readonly string[];
  readonly bornAt: number;
  readonly endAt?: number;
  readonly exitCode?: number;
  readonly signal?: string;
  readonly bootMs?: number;
}

/** Fork, exec and, where it ends, exit of one process. */
export function life(each: Life): ProcessEvent[] {
  const { pid, bornAt, endAt, argv = ['/bin/work'], exitCode = 0, bootMs = BOOT_MS } = each;
  const { pid: ppid, startTime: parentStartTime } = each.parent ?? { pid: 1, startTime: 1n };
  const startTime = startAt(bornAt, bootMs);
  const filename = argv[0] ?? '';
  const who = { pid, ppid, startTime, parentStartTime, filename, argv };
  return [
    forkEvent({
      pid: ppid,
      startTime: parentStartTime,
      childPid: pid,
      childStartTime: startTime,
      time: nanoseconds(bornAt),
    }),
    execEvent({ ...who, time: nanoseconds(bornAt + 1) }),
    ...(endAt === undefined
      ? []
      : [
          {
            ...exitEvent({
              ...who,
              lifetimeNs: nanoseconds(endAt - bornAt),
              exitCode,
              signal: each.signal ?? null,
            }),
            time: nanoseconds(endAt),
          },
        ]),
  ];
}

export function failure(pid: number, at: number, filename: string): ProcessEvent {
  return failedExecEvent({
    pid,
    time: nanoseconds(at),
    filename,
    argv: [filename],
    error: 'ENOENT',
  });
}

const frame = (name: string, kind: ProfileFrame['kind'] = 'user'): ProfileFrame => ({ name, kind });

/** @param stacks `PID:START` to `name;main;work` to samples */
export function madeProfile(
  stacks: readonly (readonly [owner: string, stack: string, count: number])[],
): Profile {
  const samples = stacks.reduce((sum, [, , count]) => sum + count, 0);
  return {
    stacks: stacks.map(([owner, text, count]) => {
      const [process = '', ...functions] = text.split(';');
      const frames = [
        frame(owner, 'process'),
        frame(process, 'process'),
        ...functions.map((name) => frame(name)),
      ];
      return { frames, count };
    }),
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

export interface MadeServer extends AsyncDisposable {
  readonly server: LiveServer;
  readonly origin: string;
  readonly failures: unknown[];
  /** What the next collections have. */
  profile: Profile;
  /** With the token. */
  ask(path: string, options?: RequestInit): Promise<Response>;
}

export function madeServer(options: Partial<LiveServerOptions> = {}): MadeServer {
  const failures: unknown[] = [];
  const made = {
    profile: madeProfile([['7:7000', 'work;main;busy', 5]]),
  };
  const server = new LiveServer({
    hostname: '127.0.0.1',
    port: 0,
    token: TOKEN,
    host: 'hive',
    version: '0.1.0',
    cpus: 2,
    frequencyHz: 100,
    procfs: new MemoryProcfs(),
    bootTimeMs: Date.now() - 3_600_000,
    describe: () => undefined,
    collect: async () => made.profile,
    failed: (error) => failures.push(error),
    ...options,
  });
  const origin = `http://127.0.0.1:${server.port}`;
  return {
    server,
    origin,
    failures,
    get profile() {
      return made.profile;
    },
    set profile(next) {
      made.profile = next;
    },
    ask: (path, request = {}) =>
      fetch(`${origin}${path}`, {
        ...request,
        headers: { authorization: `Bearer ${TOKEN}`, ...request.headers },
      }),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** A server that has some events of its first milliseconds, and a cycle of samples. */
export async function busyServer(options: Partial<LiveServerOptions> = {}) {
  const bootMs = Date.now() - 3_600_000;
  const made = madeServer({ bootTimeMs: bootMs, ...options });
  const now = Date.now();
  const parent = { pid: 10, startTime: startAt(now + 1, bootMs) };
  const child = { pid: 11, bornAt: now + 2, endAt: now + 4, bootMs, parent, exitCode: 3 };
  const other = { pid: 20, bornAt: now + 3, endAt: now + 6, bootMs };
  made.server.addEvents([
    ...life({ pid: 10, bornAt: now + 1, bootMs, argv: ['/bin/parent', '--password=secret'] }),
    ...life({ ...child, argv: ['/bin/child'] }),
    ...life({ ...other, argv: ['/bin/other'] }),
    failure(20, now + 5, '/nowhere'),
  ]);
  made.profile = madeProfile([
    [`10:${parent.startTime}`, 'parent;main;busy', 6],
    [`11:${startAt(child.bornAt, bootMs)}`, 'child;main;busy', 3],
    [`20:${startAt(other.bornAt, bootMs)}`, 'other;main', 1],
  ]);
  await Bun.sleep(20);
  // The first cycle.
  await made.ask('/api/profile?from=-10s');
  made.profile = madeProfile([]);
  return Object.assign(made, { parent, now });
}
