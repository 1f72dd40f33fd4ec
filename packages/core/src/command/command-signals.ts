/**
 * Signals of whoever waits for a command. The first SIGINT or SIGTERM is the command's: it may clean up, and
 * that is observed until it ends. A terminal and kill(-PGID) send it to the command as well, and then it
 * must not get a second one; which of both it was, the kernel tells (signals.h of @waggle/bpf). The
 * second one kills the command and its descendants. Other signals that mean something to a
 * program are handed on each time.
 */

import { constants } from 'node:os';
import { isIgnored } from '@waggle/ffi';
import { statOf } from './process-stat.ts';
import type { CommandHost, TrackedCommand } from './tracked-command.ts';

const ENDING: ReadonlySet<NodeJS.Signals> = new Set(['SIGINT', 'SIGTERM']);
/** What a shell, a service manager or a person may send to a job. */
const HANDED_ON = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2'] as const;

/** timeout(1) signals its child and then its group: two of one kind at once are one. */
const SAME_MS = 25;
/** The kernel signals a group one by one, without a break. */
const DECIDE_MS = 20;
const TOGETHER_NS = 10_000_000n;

export class CommandSignals implements Disposable {
  /** A second SIGINT or SIGTERM has killed the command. */
  killed = false;
  #firstAt: number | undefined;
  readonly #handler = (signal: NodeJS.Signals) => this.#take(signal);
  readonly #handled: readonly NodeJS.Signals[];

  readonly #command = Promise.withResolvers<TrackedCommand>();

  readonly #host: CommandHost;

  /** Before the command is started, so that no signal can come between. */
  constructor(host: CommandHost) {
    this.#host = host;
    this.#handled = HANDED_ON.filter((signal) => !isIgnored(signal));
    for (const signal of this.#handled) process.on(signal, this.#handler);
  }

  /** Whose signals these are; those that came before are handed on now. */
  attach(command: TrackedCommand): void {
    this.#command.resolve(command);
  }

  /** From now on each signal has its usual action again. */
  [Symbol.dispose](): void {
    for (const signal of this.#handled) process.off(signal, this.#handler);
  }

  #take(signal: NodeJS.Signals): void {
    const now = performance.now();
    if (ENDING.has(signal)) {
      if (this.#firstAt !== undefined && now - this.#firstAt > SAME_MS) {
        this.#kill();
        return;
      }
      this.#firstAt ??= now;
    }
    setTimeout(async () => {
      const command = await this.#command.promise;
      // With its end the kernel may be closed, which cannot be asked then.
      if (command.running && !this.#wentTo(command, signal)) command.kill(signal);
    }, DECIDE_MS);
  }

  #kill(): void {
    // A third one ends us as if we had no handler.
    this[Symbol.dispose]();
    this.killed = true;
    void this.#command.promise.then((command) => command.killAll());
  }

  #wentTo({ pid }: TrackedCommand, signal: NodeJS.Signals): boolean {
    const times = this.#host.kernel.settings.signalTimes(constants.signals[signal]);
    if (times === undefined || times.launcher === 0n) return sharesForeground(pid);
    const apart = times.command - times.launcher;
    return times.command !== 0n && apart < TOGETHER_NS && -apart < TOGETHER_NS;
  }
}

/** Both are in the foreground of our terminal, so that it was most likely typed there. */
function sharesForeground(pid: number): boolean {
  const ours = statOf(process.pid);
  return ours !== undefined && ours.pgrp === ours.tpgid && statOf(pid)?.pgrp === ours.pgrp;
}
