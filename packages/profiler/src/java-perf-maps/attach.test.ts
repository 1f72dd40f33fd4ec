/**
 * What a process may answer that says it is Java, and may not: none of it takes longer than it may, and nothing is done
 * with other rights than its user's.
 */

import { afterAll, expect, test } from 'bun:test';
import {
  chmodSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RealProcfs } from '@waggle/cache';
import { openNative } from '@waggle/ffi';
import { AttachError, JavaAttach } from './attach.ts';

const folder = mkdtempSync(join(tmpdir(), 'waggle-attach-'));
// Another user runs what is in it.
chmodSync(folder, 0o755);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const native = await openNative();
const attach = new JavaAttach(native, new RealProcfs(), { listenMs: 300, answerMs: 300 });
const isRoot = process.geteuid?.() === 0;
const NOBODY = 65_534;

const socketOf = (pid: number) => `/tmp/.java_pid${pid}`;
const signOf = (pid: number) => `/tmp/.attach_pid${pid}`;

/** A process that runs this text, with what it says until it is ready. */
async function saying(
  text: string,
  options: { readonly uid?: number } = {},
): Promise<Bun.Subprocess<'ignore', 'pipe', 'inherit'>> {
  const path = join(folder, `${Math.random()}.js`);
  writeFileSync(path, `${text}\nconsole.log('ready'); setInterval(() => {}, 1000);`);
  const spawned = Bun.spawn([process.execPath, path], {
    ...{ stdin: 'ignore', stdout: 'pipe', stderr: 'inherit', cwd: '/', ...options },
  });
  const reader = spawned.stdout.getReader();
  await reader.read();
  reader.releaseLock();
  return spawned;
}

/** Listens as HotSpot does, once it finds the file, and does this with each connection. */
const listening = (onOpen: string) => `
  const { existsSync, lstatSync, unlinkSync } = require('node:fs');
  const net = require('node:net');
  process.on('SIGQUIT', () => {
    if (!existsSync('/tmp/.attach_pid' + process.pid)) return;
    const { uid } = lstatSync('/tmp/.attach_pid' + process.pid);
    const server = net.createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => {});
      let asked = '';
      socket.on('data', (bytes) => {
        asked += bytes;
        if (asked.split('\\0').length < 6) return;
        ${onOpen}
      });
    });
    server.listen('/tmp/.java_pid' + process.pid);
  });`;

async function outcome(
  text: string,
  prepare: (pid: number) => void = () => {},
  options: { readonly uid?: number } = {},
): Promise<{ readonly said: string; readonly why: string; readonly ms: number }> {
  const child = await saying(text, options);
  const { pid } = child;
  const startedAt = performance.now();
  let said: string;
  let why = '';
  try {
    prepare(pid);
    said = await attach.command(pid, 'Compiler.perfmap', () => true);
  } catch (error) {
    if (!(error instanceof AttachError)) throw error;
    said = error.code;
    why = error.message;
  } finally {
    child.kill('SIGKILL');
    await child.exited;
    for (const path of [socketOf(pid), signOf(pid)]) rmSync(path, { force: true });
  }
  return { said, why, ms: performance.now() - startedAt };
}

test('a process is asked as jcmd asks it, and its answer comes back', async () => {
  const { said } = await outcome(
    listening("socket.end('0\\n' + JSON.stringify(asked.split('\\0')) + uid);"),
  );
  const words = ['1', 'jcmd', 'Compiler.perfmap', '', '', ''];
  expect(said).toBe(`${JSON.stringify(words)}${process.geteuid?.()}`);
});

test('the file that it is asked by is gone afterwards', async () => {
  const child = await saying(listening("socket.end('0\\n');"));
  await attach.command(child.pid, 'Compiler.perfmap', () => true);
  expect(() => lstatSync(signOf(child.pid))).toThrow('ENOENT');
  child.kill('SIGKILL');
  rmSync(socketOf(child.pid));
});

test.skipIf(!isRoot)('another user is asked with his rights, and ours come back', async () => {
  const { said } = await outcome(listening("socket.end('0\\n' + uid);"), () => {}, { uid: NOBODY });
  expect(said).toBe(String(NOBODY));
  const status = readFileSync('/proc/thread-self/status', 'utf8');
  expect(/^Uid:\s+(\d+)\s+(\d+)\s+(\d+)\s+(\d+)/m.exec(status)?.slice(1)).toEqual(
    new Array(4).fill('0'),
  );
});

test.each([
  [
    'an older version',
    "socket.end('-1\\njava.lang.IllegalArgumentException: Unknown diagnostic command\\n');",
  ],
  ['garbage', "socket.end('\\x7fELF');"],
  ['nothing', 'socket.end();'],
  ['more than is read', "const more = () => socket.write('a'.repeat(65536), more); more();"],
])('%s as an answer is refused', async (_, onOpen) => {
  const { said, ms } = await outcome(listening(onOpen));
  expect(said).toBe('refused');
  expect(ms).toBeLessThan(5000);
});

test('Java before 17 is told from what is none', async () => {
  const unknown = 'java.lang.IllegalArgumentException: Unknown diagnostic command';
  const { why } = await outcome(listening(`socket.end('-1\\n${unknown}\\n');`));
  expect(why).toContain('older than Java 17');
  const { why: other } = await outcome(listening("socket.end('200\\nno\\n');"));
  expect(other).toBe('refused with code 200');
});

test('who listens and never answers, or does not listen, is left after a while', async () => {
  for (const text of [listening(''), "process.on('SIGQUIT', () => {});"]) {
    const { said, ms } = await outcome(text);
    expect(said).toBe('silent');
    expect(ms).toBeLessThan(5000);
  }
});

test('who would be killed by the signal is not sent it', async () => {
  expect((await outcome('')).said).toBe('not_ready');
});

test('nothing leads out of where a process is asked', async () => {
  const target = join(folder, 'target');
  writeFileSync(target, 'as it was');
  for (const prepare of [
    (pid: number) => symlinkSync(target, signOf(pid)),
    (pid: number) => symlinkSync('/nowhere/at/all', signOf(pid)),
    (pid: number) => symlinkSync(target, socketOf(pid)),
    (pid: number) => writeFileSync(socketOf(pid), ''),
  ])
    expect((await outcome("process.on('SIGQUIT', () => {});", prepare)).said).toBe('not_its_own');
  expect(readFileSync(target, 'utf8')).toBe('as it was');
});

test('who is gone, or runs no Java any more, is not asked', async () => {
  const child = await saying("process.on('SIGQUIT', () => process.exit(3));");
  const isJava = () => false;
  expect(attach.command(child.pid, 'Compiler.perfmap', isJava)).rejects.toThrow('another program');
  child.kill('SIGKILL');
  expect(await child.exited).not.toBe(3);
  expect(attach.command(child.pid, 'Compiler.perfmap', () => true)).rejects.toThrow('has ended');
});
