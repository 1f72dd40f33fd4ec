/**
 * What a service manager (systemd) is told, by sd_notify(3): that the agent is ready, reads its file again, is about to
 * end, is alive, and in a line what it does. Where nobody started it so, nobody is told.
 */

import { clockNanoseconds, type Native, type NotifySocket, notifySocket } from '@waggle/ffi';
import { say } from '../../terminal/messages.ts';

/** Of the time that the manager waits for a sign of life: sd_watchdog_enabled(3) advises half. */
const SHARE = 1 / 2;
/** Where the manager has no room for a message, the next attempt. */
const RETRY_MS = 200;
const MAX_STATUS = 200;

export interface ManagedBy {
  readonly socket: string | undefined;
  /** Without a sign of life for so long, the manager kills. */
  readonly watchdogMs: number | undefined;
}

/** What the environment says, which our children are not to inherit. */
export function takeManager(environment: NodeJS.ProcessEnv, pid: number): ManagedBy {
  const { NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID } = environment;
  for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete environment[name];
  const isOurs = WATCHDOG_PID === undefined || Number(WATCHDOG_PID) === pid;
  const ms = /^\d+$/.test(WATCHDOG_USEC ?? '') ? Number(WATCHDOG_USEC) / 1000 : 0;
  return {
    socket: NOTIFY_SOCKET || undefined,
    watchdogMs: isOurs && ms > 0 ? ms : undefined,
  };
}

export class ServiceManager implements Disposable {
  #socket: NotifySocket | undefined;
  readonly #native: Native;
  readonly #watchdogMs: number | undefined;
  #beats: ReturnType<typeof setInterval> | undefined;
  #waiting: string[] = [];
  #retry: ReturnType<typeof setTimeout> | undefined;
  #status = '';

  constructor(native: Native, { socket, watchdogMs }: ManagedBy) {
    this.#native = native;
    this.#watchdogMs = watchdogMs;
    if (socket === undefined) return;
    try {
      this.#socket = notifySocket(native, socket);
    } catch (error) {
      say(`warning: the service manager is not told of anything: ${messageOf(error)}`);
    }
  }

  /** Everything from now on is seen. From here on it is told that the agent lives. */
  ready(status: string): void {
    this.#status = status;
    this.#tell(['READY=1', statusLine(status)]);
    if (this.#socket === undefined || this.#watchdogMs === undefined) return;
    this.#beats = setInterval(() => this.#beat(), this.#watchdogMs * SHARE);
  }

  /** By the same clock as the manager's, so that it knows which READY=1 is the answer: Type=notify-reload. */
  reloading(): void {
    const microseconds = clockNanoseconds(this.#native, 'monotonic') / 1000n;
    this.#tell(['RELOADING=1', `MONOTONIC_USEC=${microseconds}`]);
  }

  reloaded(): void {
    this.#tell(['READY=1', statusLine(this.#status)]);
  }

  status(status: string): void {
    if (status === this.#status) return;
    this.#status = status;
    this.#tell([statusLine(status)]);
  }

  stopping(): void {
    this.#tell(['STOPPING=1', statusLine('writing what is left')]);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#beats);
    clearTimeout(this.#retry);
    this.#socket?.[Symbol.dispose]();
    this.#socket = undefined;
  }

  /** The next one says the same as one that waits. */
  #beat(): void {
    if (this.#waiting.length === 0) this.#tell(['WATCHDOG=1']);
  }

  #tell(lines: readonly string[]): void {
    this.#waiting.push(lines.join('\n'));
    this.#send();
  }

  #send(): void {
    clearTimeout(this.#retry);
    try {
      for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
        if (this.#socket !== undefined && !this.#socket.send(next)) {
          this.#retry = setTimeout(() => this.#send(), RETRY_MS);
          return;
        }
        this.#waiting.shift();
      }
    } catch (error) {
      // A manager that is restarted makes its socket anew, and knows us by what it has kept.
      say(`warning: the service manager is not told of anything more: ${messageOf(error)}`);
      clearInterval(this.#beats);
      this.#waiting = [];
      this.#socket?.[Symbol.dispose]();
      this.#socket = undefined;
    }
  }
}

const statusLine = (status: string): string =>
  `STATUS=${status.replaceAll(/\s+/g, ' ').slice(0, MAX_STATUS)}`;

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
