// The ways of waiting that are compared. Each looks at the ring by calling `look`, which
// returns how many records there were, and runs until the process ends.

import {
  type BpfMap,
  DrainLoop,
  EpollWakeup,
  type Native,
  type RingBuffer,
} from '../../src/index.ts';
import { libcPath } from '../../src/native/libc-path.ts';

/** What the strategies call that do it by themselves. */
export const EPOLL = {
  epoll_create1: { parameters: ['i32'], result: 'i32' },
  epoll_ctl: { parameters: ['i32', 'i32', 'i32', 'buffer'], result: 'i32' },
  epoll_wait: { parameters: ['i32', 'buffer', 'i32', 'i32'], result: 'i32' },
} as const;

/** How the BPF program submits: see bpf-tests/waiting.bpf.c. */
export const WAKEUP = { adaptive: 0, never: 1, always: 2, byFillLevel: 3 } as const;

export interface Waiting {
  readonly native: Native;
  readonly map: BpfMap;
  readonly ring: RingBuffer;
  readonly look: () => number;
}

export interface Strategy {
  readonly name: string;
  readonly wakeup: keyof typeof WAKEUP;
  readonly runtimes: readonly ('bun' | 'deno')[];
  start(waiting: Waiting): void;
}

/** Words shared with epoll-worker.ts: the worker waits for the first to change, then polls. */
export type WorkerMessage = {
  readonly descriptor: number;
  readonly turn: Int32Array<SharedArrayBuffer>;
  readonly notifyBy: 'message' | 'atomics';
};

function timer(
  busyDelayMs: number,
  idleDelayMs: number,
  runtimes: Strategy['runtimes'] = ['bun'],
): Strategy {
  return {
    name: `timer ${busyDelayMs}-${idleDelayMs} ms`,
    wakeup: 'never',
    runtimes,
    start({ look }) {
      new DrainLoop({ drain: look, onError: fail, busyDelayMs, idleDelayMs });
    },
  };
}

/** A Worker blocks in epoll_wait; `paceMs` is how long the reader lets records pile up. */
function worker(
  notifyBy: WorkerMessage['notifyBy'],
  wakeup: Strategy['wakeup'],
  paceMs = 0,
  runtimes: Strategy['runtimes'] = ['bun'],
): Strategy {
  const pace = paceMs > 0 ? `, then every ${paceMs} ms` : '';
  return {
    name: `worker, ${notifyBy}${pace}`,
    wakeup,
    runtimes,
    start({ map, look }) {
      const turn = new Int32Array(new SharedArrayBuffer(8));
      const epoll = new Worker(new URL('./epoll-worker.ts', import.meta.url), { type: 'module' });
      epoll.postMessage({ descriptor: map.fd, turn, notifyBy } satisfies WorkerMessage);
      const pollAgain = () => {
        if (notifyBy === 'atomics') waitAsync();
        Atomics.add(turn, 0, 1);
        Atomics.notify(turn, 0);
      };
      const onReady = () => {
        if (look() > 0 && paceMs > 0) setTimeout(onReady, paceMs);
        else pollAgain();
      };
      const waitAsync = () => {
        const wait = Atomics.waitAsync(turn, 1, Atomics.load(turn, 1));
        if (wait.async) wait.value.then(onReady);
        else onReady();
      };
      epoll.onmessage = onReady;
      if (notifyBy === 'atomics') waitAsync();
    },
  };
}

/** The fill level wakes the reader in bursts; else a slow timer looks. */
function workerAndTimer(delayMs: number): Strategy {
  const base = worker('message', 'byFillLevel');
  return {
    name: `worker by fill level, and timer ${delayMs} ms`,
    wakeup: 'byFillLevel',
    runtimes: ['bun'],
    start(waiting) {
      base.start(waiting);
      setInterval(waiting.look, delayMs);
    },
  };
}

/** Deno runs a C call on a thread of its pool and gives a promise; Bun's FFI has no such call. */
function nonblockingCall(paceMs: number): Strategy {
  return {
    name: `non-blocking FFI epoll_wait${paceMs > 0 ? `, then every ${paceMs} ms` : ''}`,
    wakeup: 'adaptive',
    runtimes: ['deno'],
    start({ native, map, look }) {
      const deno = (globalThis as unknown as { Deno: DenoNonblocking }).Deno;
      const { symbols } = deno.dlopen('libc.so.6', {
        epoll_wait: {
          parameters: ['i32', 'buffer', 'i32', 'i32'],
          result: 'i32',
          nonblocking: true,
        },
      });
      const epoll = epollOf(native, map);
      const event = new Uint8Array(16);
      const onReady = () => {
        if (look() > 0 && paceMs > 0) setTimeout(onReady, paceMs);
        else symbols.epoll_wait(epoll, event, 1, -1).then(onReady);
      };
      onReady();
    },
  };
}

interface DenoNonblocking {
  dlopen(
    name: string,
    symbols: object,
  ): { symbols: { epoll_wait(...args: (number | Uint8Array)[]): Promise<number> } };
}

function epollOf(native: Native, map: BpfMap): number {
  const EPOLL_CTL_ADD = 1;
  const EPOLLIN = 1;
  const libc = native.backend.open(libcPath(), EPOLL);
  const epoll = native.checkErrno('create epoll', libc.epoll_create1(0));
  const event = new Uint8Array(16);
  event[0] = EPOLLIN;
  native.checkErrno('add', libc.epoll_ctl(epoll, EPOLL_CTL_ADD, map.fd, event));
  return epoll;
}

function fail(error: unknown): void {
  console.error(error);
  process.exit(1);
}

const BOTH = ['bun', 'deno'] as const;

export const CHOSEN: Strategy = {
  name: 'DrainLoop with EpollWakeup',
  wakeup: 'adaptive',
  runtimes: BOTH,
  start({ native, map, look }) {
    new DrainLoop({ drain: look, onError: fail, wakeup: new EpollWakeup(native, map.fd) });
  },
};

export const STRATEGIES: readonly Strategy[] = [
  CHOSEN,
  timer(2, 20),
  timer(2, 50, BOTH),
  timer(5, 50),
  timer(10, 50),
  timer(10, 100),
  worker('message', 'always'),
  worker('message', 'adaptive', 0, BOTH),
  worker('atomics', 'adaptive'),
  worker('message', 'adaptive', 2),
  worker('message', 'adaptive', 10, BOTH),
  workerAndTimer(50),
  nonblockingCall(0),
  nonblockingCall(10),
];
