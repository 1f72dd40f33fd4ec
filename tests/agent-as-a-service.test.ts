// `waggle agent` under a service manager: what systemd is told by sd_notify(3), received by a socket of the kind that
// systemd has.

import { describe, expect } from 'bun:test';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from './support/deadline.ts';
import { kernelTest } from './support/kernel-test.ts';
import { Waggle } from './support/waggle.ts';
import { freshFolder, workload } from './support/workloads.ts';

interface Message {
  readonly pid: number;
  readonly lines: readonly string[];
  /** By performance.now(). */
  readonly at: number;
}

/** Receives at an address until its scope ends. */
class Manager implements AsyncDisposable {
  readonly messages: Message[] = [];
  #isBound = false;
  readonly #child: Bun.Subprocess<'ignore', 'pipe', 'inherit'>;
  readonly #reading: Promise<void>;

  constructor(address: string) {
    this.#child = Bun.spawn([workload('notified'), address], {
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'inherit',
    });
    this.#reading = this.#read();
  }

  async bound(): Promise<void> {
    await eventually('the socket to be bound', () => this.#isBound);
  }

  has(line: string | RegExp): boolean {
    return this.messages.some(({ lines }) =>
      lines.some((each) => (typeof line === 'string' ? each === line : line.test(each))),
    );
  }

  async #read(): Promise<void> {
    let text = '';
    const decoder = new TextDecoder();
    for await (const bytes of this.#child.stdout) {
      text += decoder.decode(bytes, { stream: true });
      const lines = text.split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) {
        if (line === 'bound') this.#isBound = true;
        const [, pid, message] = /^(\d+) (.*)$/.exec(line) ?? [];
        if (message !== undefined)
          this.messages.push({
            pid: Number(pid),
            lines: message.split(' | '),
            at: performance.now(),
          });
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill();
    await this.#child.exited;
    await this.#reading;
  }
}

const monotonicUsec = () => Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1e6;

describe('waggle agent as a service', () => {
  for (const kind of ['a path', 'an abstract name'])
    kernelTest(`tells who listens at ${kind} of its life`, async () => {
      const folder = freshFolder();
      const address = kind === 'a path' ? join(folder, 'notify') : `@waggle-test-${process.pid}`;
      await using manager = new Manager(address);
      await manager.bound();
      const config = join(folder, 'agent.json');
      writeFileSync(config, JSON.stringify({ store: join(folder, 'store'), keep: '1h' }));
      await using waggle = new Waggle(['agent', '--config', config], {
        env: { NOTIFY_SOCKET: address, WATCHDOG_USEC: '600000' },
      });
      await waggle.says(/^waggle: ready/m);
      await eventually('READY=1', () => manager.has('READY=1'));
      const [first] = manager.messages;
      expect(first).toMatchObject({
        pid: waggle.pid,
        lines: ['READY=1', expect.stringMatching(/^STATUS=keeping processes and a profile/)],
      });
      const beats = () => manager.messages.filter(({ lines }) => lines[0] === 'WATCHDOG=1');
      await eventually('signs of life', () => beats().length >= 4);
      const spans = beats().map(({ at }, index, all) => at - (all[index - 1]?.at ?? at));
      // Half of what the manager waits, but for what a busy host takes.
      expect(spans.toSorted((a, b) => a - b)[2]).toBeLessThan(600);
      process.kill(waggle.pid, 'SIGHUP');
      await eventually('RELOADING=1', () => manager.has('RELOADING=1'));
      await waggle.says(/was read again/);
      await eventually(
        'READY=1 once more',
        () => manager.messages.filter(({ lines }) => lines[0] === 'READY=1').length === 2,
      );
      const reloading = manager.messages.find(({ lines }) => lines[0] === 'RELOADING=1');
      const usec = Number(/^MONOTONIC_USEC=(\d+)$/.exec(reloading?.lines[1] ?? '')?.[1]);
      expect(Math.abs(monotonicUsec() - usec)).toBeLessThan(60e6);
      const { code } = await waggle.stop('SIGTERM');
      expect(code).toBe(0);
      await eventually('STOPPING=1', () => manager.has('STOPPING=1'));
      expect(manager.messages.every(({ pid }) => pid === waggle.pid)).toBe(true);
    });

  kernelTest('says when nobody is there to be told, and goes on', async () => {
    const folder = freshFolder();
    await using waggle = new Waggle(['agent', '--store', join(folder, 'store')], {
      env: { NOTIFY_SOCKET: join(folder, 'nobody'), WATCHDOG_USEC: '100000' },
    });
    await waggle.says(/^waggle: ready/m);
    expect(waggle.stderr).toMatch(/warning: the service manager is not told of anything: .*ENOENT/);
    expect((await waggle.stop('SIGTERM')).code).toBe(0);
  });

  kernelTest('sends no signs of life that are meant for another process', async () => {
    const folder = freshFolder();
    await using manager = new Manager(join(folder, 'notify'));
    await manager.bound();
    await using waggle = new Waggle(['agent', '--store', join(folder, 'store'), '-d', '2'], {
      env: { NOTIFY_SOCKET: join(folder, 'notify'), WATCHDOG_USEC: '100000', WATCHDOG_PID: '1' },
    });
    await waggle.result();
    await eventually('STOPPING=1', () => manager.has('STOPPING=1'));
    expect(manager.has('READY=1')).toBe(true);
    expect(manager.has('WATCHDOG=1')).toBe(false);
  });
});
