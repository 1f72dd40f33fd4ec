// Processes that are started and waited for, and pipes whose reader is gone.

import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openNative, processState, SystemError, spawnProcess } from '../../src/index.ts';
import { isHungUp } from '../../src/process/hang-up.ts';
import { sendNow } from '../../src/process/send-now.ts';
import type { Case } from '../support/case.ts';

const ENVIRONMENT = ['PATH=/usr/bin:/bin', 'X.Y=z'];

async function ended(pid: number) {
  const native = await openNative();
  for (;;) {
    const news = processState(native, pid);
    if (news.state !== 'running') return news;
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
}

/** What a shell script says of itself. */
async function said(script: string, request: object): Promise<string[]> {
  const native = await openNative();
  const folder = mkdtempSync(join(tmpdir(), 'waggle-spawn-'));
  try {
    const out = join(folder, 'out');
    const argv = ['sh', '-c', `{ ${script}; } >${out}`];
    const pid = spawnProcess(native, { argv, environment: ENVIRONMENT, ...request });
    assert.deepEqual(await ended(pid), { state: 'exited', code: 0 });
    return readFileSync(out, 'utf8').split('\n').filter(Boolean);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export const processCases: readonly Case[] = [
  {
    name: 'processes: how one ended is told once, by code or signal',
    async run() {
      const native = await openNative();
      const start = (script: string) =>
        spawnProcess(native, { argv: ['sh', '-c', script], environment: ENVIRONMENT });
      assert.deepEqual(await ended(start('exit 7')), { state: 'exited', code: 7 });
      const killed = start('kill -9 $$');
      assert.deepEqual(await ended(killed), { state: 'killed', signal: 9 });
      assert.throws(() => processState(native, killed), { code: 'ECHILD' });
      const stopped = start('kill -STOP $$; exit 3');
      assert.deepEqual(await ended(stopped), { state: 'stopped', signal: 19 });
      process.kill(stopped, 'SIGCONT');
      assert.deepEqual(await ended(stopped), { state: 'exited', code: 3 });
    },
  },
  {
    name: 'processes: one that cannot be started says why',
    async run() {
      const native = await openNative();
      for (const [file, code] of [
        ['/no/such/program', 'ENOENT'],
        ['no-such-program', 'ENOENT'],
        ['/tmp', 'EACCES'],
      ] as const)
        assert.throws(
          () => spawnProcess(native, { argv: [file], environment: ENVIRONMENT }),
          (error) => error instanceof SystemError && error.code === code,
        );
    },
  },
  {
    name: 'processes: signals, limits and descriptors are what was asked for, and ours stay',
    async run() {
      const RLIMIT_NOFILE = 7;
      const passed = openSync('/etc/passwd', 'r');
      const kept = openSync('/etc/passwd', 'r');
      const limitOf = () =>
        /open files\s+(\d+)/.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
      const signalsOf = () => /^SigIgn.*$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[0];
      const before = [limitOf(), signalsOf()];
      try {
        const lines = await said('grep ^SigIgn /proc/self/status; ulimit -Sn; ls /proc/self/fd', {
          ignoredSignals: [1, 13],
          descriptors: [passed],
          softLimits: [[RLIMIT_NOFILE, 321n]],
        });
        assert.deepEqual(lines.slice(0, 2), ['SigIgn:\t0000000000001001', '321']);
        const descriptors = lines.slice(2).map(Number);
        assert.ok(descriptors.includes(passed));
        assert.ok(!descriptors.includes(kept) || kept === Math.max(...descriptors));
        assert.deepEqual([limitOf(), signalsOf()], before);
        // Without a shell, which would unblock them.
        const native = await openNative();
        const argv = ['grep', '-q', '^SigBlk:.0000000000000200$', '/proc/self/status'];
        const pid = spawnProcess(native, {
          argv,
          environment: ENVIRONMENT,
          blockedSignals: 0x200n,
        });
        assert.deepEqual(await ended(pid), { state: 'exited', code: 0 });
      } finally {
        closeSync(passed);
        closeSync(kept);
      }
    },
  },
  {
    name: 'processes: one that is to be stopped stands before its first instruction',
    async run() {
      const native = await openNative();
      const folder = mkdtempSync(join(tmpdir(), 'waggle-spawn-'));
      try {
        const out = join(folder, 'out');
        const argv = ['sh', '-c', `echo "$X" >${out}; exit 5`];
        const environment = [...ENVIRONMENT, 'X=of the program'];
        const pid = spawnProcess(native, { argv, environment, stopped: true });
        const status = () => readFileSync(`/proc/${pid}/status`, 'utf8');
        assert.match(status(), /^State:\tT[\s\S]*^TracerPid:\t0$/m);
        assert.match(readFileSync(`/proc/${pid}/cmdline`, 'utf8'), /^sh\0-c\0/);
        // Not even the dynamic linker has begun.
        assert.doesNotMatch(readFileSync(`/proc/${pid}/maps`, 'utf8'), /libc\.so/);
        assert.deepEqual(processState(native, pid), { state: 'running' });
        process.kill(pid, 'SIGCONT');
        assert.deepEqual(await ended(pid), { state: 'exited', code: 5 });
        assert.equal(readFileSync(out, 'utf8'), 'of the program\n');
        assert.throws(
          () => spawnProcess(native, { argv: ['/absent'], environment, stopped: true }),
          { code: 'ENOENT' },
        );
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  },
  {
    name: 'processes: a file without a known format runs as a script, with its arguments',
    async run() {
      const native = await openNative();
      const folder = mkdtempSync(join(tmpdir(), 'waggle-spawn-'));
      try {
        const script = join(folder, 'script');
        writeFileSync(script, 'exit $#\n', { mode: 0o755 });
        const argv = [script, 'a', '', 'b'];
        const pid = spawnProcess(native, { argv, environment: ENVIRONMENT });
        assert.deepEqual(await ended(pid), { state: 'exited', code: 3 });
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  },
  {
    name: 'processes: a pipe is hung up when its reader is gone, a file never',
    async run() {
      const native = await openNative();
      const folder = mkdtempSync(join(tmpdir(), 'waggle-pipe-'));
      const fifo = join(folder, 'fifo');
      try {
        await ended(spawnProcess(native, { argv: ['mkfifo', fifo], environment: ENVIRONMENT }));
        const reader = openSync(fifo, 'r+');
        const writer = openSync(fifo, 'w');
        const file = openSync('/dev/null', 'w');
        assert.deepEqual([isHungUp(native, writer), isHungUp(native, file)], [false, false]);
        closeSync(reader);
        assert.equal(isHungUp(native, writer), true);
        closeSync(writer);
        closeSync(file);
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  },
  {
    name: 'processes: what is no socket cannot be sent to',
    async run() {
      const native = await openNative();
      const file = openSync('/dev/null', 'w');
      assert.throws(() => sendNow(native, file, new Uint8Array(1)), { code: 'ENOTSOCK' });
      closeSync(file);
    },
  },
];
