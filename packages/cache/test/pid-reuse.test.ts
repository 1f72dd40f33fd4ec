/**
 * Real pids, really reused: a shell that is init of a pid namespace of its own sets the next pid
 * through ns_last_pid, so one number goes to hundreds of processes. Needs root and namespaces.
 */
import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import type { ProcessEntry } from '../src/index.ts';
import { ProcessMetadataCache, RealProcfs } from '../src/index.ts';

const UNSHARE = ['-p', '-f', '--mount-proc', '--kill-child'];
const probe = spawnSync('unshare', [
  ...UNSHARE,
  'sh',
  '-c',
  'echo 499 > /proc/sys/kernel/ns_last_pid; sleep 0 & test $! = 500 && wait',
]);
const skip =
  probe.status === 0 ? false : 'needs root and pid namespaces with a writable ns_last_pid';

/** A pid namespace with its own /proc, driven through the shell that is its init. */
class Namespace {
  readonly procfs: RealProcfs;
  readonly #unshare: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;

  private constructor(
    unshare: ChildProcessWithoutNullStreams,
    lines: AsyncIterator<string>,
    initPid: number,
  ) {
    this.#unshare = unshare;
    this.#lines = lines;
    this.procfs = new RealProcfs({ root: `/proc/${initPid}/root/proc` });
  }

  static async create(): Promise<Namespace> {
    const unshare = spawn('unshare', [...UNSHARE, 'sh']);
    const lines = createInterface({ input: unshare.stdout })[Symbol.asyncIterator]();
    unshare.stdin.write('echo ready\n');
    await lines.next();
    const host = new RealProcfs();
    const initPid = host.pids().find((pid) => {
      try {
        return host.stat(pid).ppid === unshare.pid;
      } catch {
        return false; // ended meanwhile
      }
    });
    assert.ok(initPid !== undefined);
    return new Namespace(unshare, lines, initPid);
  }

  async #say(command: string): Promise<string> {
    this.#unshare.stdin.write(`${command}\n`);
    return (await this.#lines.next()).value;
  }

  /** A process with this pid that sleeps, with an argument of its own to be known by. */
  async start(pid: number, name: string): Promise<void> {
    const got = await this.#say(
      `echo ${pid - 1} > /proc/sys/kernel/ns_last_pid; NAME=${name} sleep 1000 ${name} & echo $!`,
    );
    assert.equal(Number(got), pid);
    // Until exec has happened, it is a copy of the shell; the name changes before the arguments
    // are in place.
    while (this.procfs.stat(pid).comm !== 'sleep' || this.procfs.cmdline(pid).args.length === 0)
      await new Promise((next) => setTimeout(next, 1));
  }

  async stop(pid: number): Promise<void> {
    await this.#say(`kill -9 ${pid}; wait ${pid} 2>&-; echo done`);
  }

  async close(): Promise<void> {
    const ended = once(this.#unshare, 'exit');
    this.#unshare.stdin.end('exit\n');
    await ended;
  }
}

/** `1000`, or a name of digits: sleep adds its arguments up and is content with any number. */
const nameOf = (serial: number): string => `${serial}`;

function assertOf(entry: ProcessEntry | undefined, name: string): void {
  if (entry === undefined) return;
  const { cmdline, environ } = entry;
  if (cmdline !== undefined) assert.deepEqual(cmdline, ['sleep', '1000', name]);
  if (environ !== undefined) assert.equal(environ.get('NAME'), name);
}

test('a pid that is reused again and again is never answered with an earlier owner', {
  skip,
}, async () => {
  const namespace = await Namespace.create();
  try {
    const cache = new ProcessMetadataCache({ capacity: 3, procfs: namespace.procfs, logger: null });
    const held: { entry: ProcessEntry; name: string }[] = [];
    for (let serial = 1; serial <= 60; serial++) {
      const name = nameOf(serial);
      await namespace.start(500, name);
      const entry = cache.getOrLoad(500);
      assert.ok(entry !== undefined, 'a living process is found');
      // Every other one is read only after its end, when its pid belongs to the next.
      if (serial % 2 === 0) assert.deepEqual(entry.cmdline, ['sleep', '1000', name]);
      held.push({ entry, name });
      if (serial % 3 === 0) cache.markExited(entry.identity);
      await namespace.stop(500);
      if (serial % 5 === 0) cache.evictPendingExits();
      const found = cache.get(500);
      assert.ok(found === undefined || found.exitedAt !== undefined);
    }
    await namespace.start(500, nameOf(61));
    for (const { entry, name } of held) assertOf(entry, name);
    assert.equal(held.filter(({ entry }) => entry.cmdline !== undefined).length, 30);
    assert.deepEqual(cache.getOrLoad(500)?.cmdline, ['sleep', '1000', '61']);
    await namespace.stop(500);
    cache.prune();
    cache.evictPendingExits();
    assert.equal(cache.size, 0);
  } finally {
    await namespace.close();
  }
});

test('any interleaving over a few pids, from a seed', { skip }, async () => {
  const namespace = await Namespace.create();
  try {
    // xorshift32, so that a failure can be played again.
    let state = Number(process.env.WAGGLE_SEED ?? Date.now() % 2 ** 31) || 1;
    const seed = state;
    const random = (below: number): number => {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return (state >>> 0) % below;
    };
    const cache = new ProcessMetadataCache({ capacity: 2, procfs: namespace.procfs, logger: null });
    const owners = new Map<number, string>();
    const held: { entry: ProcessEntry; name: string }[] = [];
    let serial = 0;
    for (let step = 0; step < 250; step++) {
      const pid = 600 + random(4);
      const owner = owners.get(pid);
      const context = `seed ${seed}, step ${step}`;
      const action = random(6);
      if (action === 0 && owner === undefined) {
        owners.set(pid, nameOf(++serial));
        await namespace.start(pid, nameOf(serial));
      } else if (action === 1 && owner !== undefined) {
        if (random(2) === 0) {
          const entry = cache.getOrLoad(pid);
          if (entry !== undefined) cache.markExited(entry.identity);
        }
        await namespace.stop(pid);
        owners.delete(pid);
      } else if (action === 2) {
        cache.evictPendingExits();
      } else if (action === 3) {
        const old = held[random(Math.max(1, held.length))];
        if (old !== undefined) assertOf(old.entry, old.name);
      } else {
        const entry = cache.getOrLoad(pid);
        if (owner === undefined) {
          assert.ok(entry === undefined || entry.exitedAt !== undefined, context);
        } else {
          assert.ok(entry !== undefined, context);
          if (random(2) === 0) assert.deepEqual(entry.cmdline, ['sleep', '1000', owner], context);
          held.push({ entry, name: owner });
        }
      }
      assert.ok(cache.size <= 2, context);
    }
    for (const { entry, name } of held) assertOf(entry, name);
    assert.ok(serial > 5);
  } finally {
    await namespace.close();
  }
});
