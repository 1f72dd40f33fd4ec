/** The same promises with real processes of this machine. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  copyFileSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { EXEC_IN_PROGRESS, ProcessMetadataCache, RealProcfs } from '../src/index.ts';

/** With their paths: Deno puts the path that it found into argv[0]. */
const SH = '/bin/sh';
const SLEEP = '/bin/sleep';

const cache = (): ProcessMetadataCache =>
  new ProcessMetadataCache({ capacity: 1000, logger: null });

async function until(what: string, condition: () => boolean): Promise<void> {
  for (let waited = 0; waited < 10_000; waited += 5) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`waited too long for ${what}`);
}

/** Starts a program and waits until exec has happened. */
async function start(
  command: string,
  args: string[],
  options = {},
): Promise<ChildProcess & { pid: number }> {
  const child = spawn(command, args, { stdio: ['pipe', 'ignore', 'ignore'], ...options });
  await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject));
  const { pid } = child;
  assert.ok(pid !== undefined);
  // The kernel lets the parent go on a moment before it swaps the child's memory (exec_mmap).
  const procfs = new RealProcfs();
  const ours = procfs.probe(process.pid).layoutFingerprint;
  await until('exec', () => {
    const { layoutFingerprint } = procfs.probe(pid);
    return layoutFingerprint !== ours && layoutFingerprint !== EXEC_IN_PROGRESS;
  });
  return child as ChildProcess & { pid: number };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}

test('every field of a child', async () => {
  const env = { WAGGLE_TEST: 'värde', PATH: process.env.PATH ?? '' };
  const child = await start(SLEEP, ['1000'], { cwd: '/usr', env });
  try {
    const entry = cache().getOrLoad(child.pid)?.load();
    assert.deepEqual(entry?.cmdline, [SLEEP, '1000']);
    assert.equal(entry?.cmdlineTruncated, false);
    assert.equal(entry?.comm, 'sleep');
    assert.equal(entry?.cwd, '/usr');
    assert.equal(entry?.environVar('WAGGLE_TEST'), 'värde');
    assert.match(entry?.exe ?? '', /sleep|coreutils|busybox/);
    assert.equal(entry?.exeDeleted, false);
    assert.equal(entry?.ppid, process.pid);
    assert.equal(entry?.uid, process.getuid?.());
    const own = cache().getOrLoad(process.pid);
    assert.deepEqual(
      [entry?.nsMnt, entry?.nsPid, entry?.cgroup],
      [own?.nsMnt, own?.nsPid, own?.cgroup],
    );
    assert.ok(Math.abs((entry?.loadedAt ?? 0) - Date.now()) < 10_000);
  } finally {
    await end(child);
  }
});

test('a process that ends is gone, and what was read of it stays with whoever holds it', async () => {
  const child = await start(SLEEP, ['1000']);
  const all = cache();
  const entry = all.getOrLoad(child.pid);
  assert.deepEqual(entry?.cmdline, [SLEEP, '1000']);
  await end(child);
  assert.equal(all.get(child.pid), undefined);
  assert.equal(all.isEmpty, true);
  assert.deepEqual(entry?.cmdline, [SLEEP, '1000']);
  assert.equal(entry?.environ, undefined);
});

test('a zombie is gone', async () => {
  // The shell is stopped, so it cannot reap its child.
  const shell = await start(SH, ['-c', 'sleep 1000 & echo $! >&3; kill -STOP $$'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  try {
    const output = shell.stdio[3] as NodeJS.ReadableStream;
    const pid = Number(await new Promise((resolve) => output.once('data', resolve)));
    const procfs = new RealProcfs();
    await until('the shell to stop', () => procfs.stat(shell.pid).state === 'T');
    await until('sleep', () => procfs.stat(pid).comm === 'sleep');
    const all = cache();
    assert.equal(all.getOrLoad(pid)?.comm, 'sleep');
    process.kill(pid, 'SIGKILL');
    await until('the zombie', () => procfs.stat(pid).state === 'Z');
    assert.equal(procfs.stat(pid).ended, true);
    assert.equal(all.getOrLoad(pid), undefined);
  } finally {
    await end(shell);
  }
});

test('an exec that nobody announces is noticed', async () => {
  const child = await start(SH, ['-c', 'read line; exec sleep 1000']);
  try {
    const all = cache();
    const before = all.getOrLoad(child.pid);
    assert.equal(before?.cmdline?.[0], SH);
    const startTime = before?.startTime;
    child.stdin?.write('\n');
    // The name changes in the middle of an exec, where the old image is still the answer.
    await until('exec', () => {
      const { comm, layoutFingerprint } = new RealProcfs().stat(child.pid);
      return comm === 'sleep' && layoutFingerprint !== EXEC_IN_PROGRESS;
    });
    const after = all.getOrLoad(child.pid);
    assert.deepEqual(after?.cmdline, ['sleep', '1000']);
    assert.equal(after?.startTime, startTime);
    assert.equal(before?.environ, undefined);
    assert.equal(all.stats().execDetected, 1);
  } finally {
    await end(child);
  }
});

test('an executable that was removed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'waggle-cache-'));
  const program = join(folder, 'my sleep');
  copyFileSync(
    execFileSync('sh', ['-c', 'command -v sleep'], { encoding: 'utf8' }).trim(),
    program,
  );
  const child = await start(program, ['1000']);
  try {
    rmSync(program);
    const entry = cache().getOrLoad(child.pid);
    assert.deepEqual([entry?.exe, entry?.exeDeleted], [program, true]);
    writeFileSync(program, '');
  } finally {
    await end(child);
    rmSync(folder, { recursive: true });
  }
});

test('arguments of every kind', async () => {
  const args = ['-c', 'read x', '', 'ünï\ncödé', '( ) Z', '\u001b[31m', 'x'.repeat(100_000)];
  const child = await start(SH, args);
  try {
    assert.deepEqual(cache().getOrLoad(child.pid)?.cmdline, [SH, ...args]);
    const procfs = new RealProcfs({ limits: { cmdlineBytes: 64 } });
    const cut = new ProcessMetadataCache({ capacity: 1, procfs }).getOrLoad(child.pid);
    assert.equal(cut?.cmdlineTruncated, true);
    assert.equal(cut?.cmdline?.[0], SH);
  } finally {
    await end(child);
  }
});

test('a thousand short processes leave nothing behind', async () => {
  const all = cache();
  const batch = async (): Promise<void> => {
    const child = spawn('true');
    if (child.pid !== undefined) all.getOrLoad(child.pid)?.load(['cmdline']);
    await new Promise((resolve) => child.once('exit', resolve));
  };
  for (let i = 0; i < 25; i++) await Promise.all(Array.from({ length: 8 }, batch));
  all.prune();
  assert.equal(all.size, 0);
  const { insertions, evictions } = all.stats();
  assert.equal(
    insertions,
    Object.values(evictions).reduce((sum, n) => sum + n, 0),
  );
});

test('resync finds every process that /proc has', () => {
  const all = new ProcessMetadataCache({ capacity: 100_000 });
  const { loaded } = all.resync();
  assert.ok(loaded > 1);
  assert.equal(all.peek(process.pid)?.pid, process.pid);
  assert.equal(
    all.peek(process.pid)?.cmdline?.length,
    cache().getOrLoad(process.pid)?.cmdline?.length,
  );
});

test('a command line that blocks does not hold up the main thread when read off it', async () => {
  // A FIFO stands for the file of a process whose mmap lock is held: opening it waits.
  const root = mkdtempSync(join(tmpdir(), 'waggle-procfs-'));
  try {
    execFileSync('sh', [
      '-c',
      `mkdir "${root}/7" && mkfifo "${root}/7/cmdline" && cp /proc/self/stat "${root}/7/stat"`,
    ]);
    const all = new ProcessMetadataCache({ capacity: 1, procfs: new RealProcfs({ root }) });
    let answered = false;
    const answer = all.getOrLoadAsync(7, ['cmdline']).then((entry) => {
      answered = true;
      return entry?.cmdline;
    });
    let ticks = 0;
    for (; ticks < 10; ticks++) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(answered, false);
    const writer = spawn('sh', ['-c', `printf 'stuck\\0process\\0' > "${root}/7/cmdline"`]);
    assert.deepEqual(await answer, ['stuck', 'process']);
    await end(writer);
  } finally {
    rmSync(root, { recursive: true });
  }
});

test('a program without a name is told from one that is called "... (deleted)"', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'waggle-deleted-'));
  const procfs = new RealProcfs();
  const running: ChildProcess[] = [];
  const run = async (name: string) => {
    copyFileSync(SLEEP, join(folder, name));
    const child = await start(join(folder, name), ['60']);
    running.push(child);
    return child.pid;
  };
  const path = (name: string) => join(folder, name);
  try {
    const literal = await run('x (deleted)');
    assert.deepEqual(procfs.exe(literal), { path: path('x (deleted)'), deleted: false });
    unlinkSync(path('x (deleted)'));
    assert.deepEqual(procfs.exe(literal), { path: path('x (deleted)'), deleted: true });
    // Its file has another name still, which is not that by which it was started.
    const linked = await run('y');
    linkSync(path('y'), path('z'));
    unlinkSync(path('y'));
    assert.deepEqual(procfs.exe(linked), { path: path('y'), deleted: true });
    mkdirSync(path('before'));
    const moved = await run('before/x (deleted)');
    renameSync(path('before'), path('after'));
    assert.deepEqual(procfs.exe(moved), { path: path('after/x (deleted)'), deleted: false });
  } finally {
    for (const child of running) child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  }
});
