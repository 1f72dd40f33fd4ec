// What an exec record says beyond the command line: absolute paths, ids, terminal, and the flags
// that a security person looks for. Each is compared with what /proc or the set-up says.
// Runs beside others.

import { describe, expect } from 'bun:test';
import { chmodSync, mkdirSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RealProcfs } from '@waggle/cache';
import { createAgent, type ExecEvent } from '@waggle/core';
import type { SessionConfig } from '@waggle/core/session';
import { kernelTest } from './support/kernel-test.ts';
import { startTicks, statFields, TestProcess } from './support/processes.ts';
import { Waggle } from './support/waggle.ts';
import { copyOfWorkload, freshFolder, workload } from './support/workloads.ts';

/** Exec events of a command and its descendants. */
async function execsOf(
  command: readonly [string, ...string[]],
  config: Pick<SessionConfig, 'execDetail' | 'environ'> = {},
): Promise<ExecEvent[]> {
  await using agent = await createAgent({
    ...config,
    command,
    commandOutput: 'ignore',
    stopOn: [],
  });
  const execs: ExecEvent[] = [];
  for await (const event of agent.events) if (event.event === 'exec') execs.push(event);
  return execs;
}

const inFolder = (cwd: string, ...words: string[]): readonly [string, ...string[]] => [
  'env',
  '-C',
  cwd,
  ...words,
];

describe('paths', () => {
  kernelTest('are absolute where the call was relative', async () => {
    const folder = realpathSync(freshFolder());
    const nested = join(folder, 'a', 'b');
    mkdirSync(nested, { recursive: true });
    copyOfWorkload('exit_with', join(folder, 'program'));
    const exec = (await execsOf(inFolder(nested, '../../program', '--id=0'))).at(-1);
    expect(exec?.filename).toBe('../../program');
    expect(exec?.detail).toMatchObject({
      exe: join(folder, 'program'),
      exeTruncated: false,
      cwd: nested,
      cwdTruncated: false,
      exeInode: BigInt(statSync(join(folder, 'program')).ino),
      flags: [],
      interpreter: undefined,
    });
  });

  kernelTest('go through mounts of a namespace of its own', async () => {
    const folder = realpathSync(freshFolder());
    for (const name of ['source', 'target']) mkdirSync(join(folder, name));
    copyOfWorkload('exit_with', join(folder, 'source', 'program'));
    const script = `mount --bind source target && cd target && ./program --id=0`;
    const execs = await execsOf(inFolder(folder, 'unshare', '-m', 'sh', '-c', script));
    expect(execs.at(-1)?.detail).toMatchObject({
      exe: join(folder, 'target', 'program'),
      cwd: join(folder, 'target'),
    });
  });

  kernelTest('that are the root of a file system are where it is mounted', async () => {
    const folder = realpathSync(freshFolder());
    const script = 'mount -t tmpfs none . && cd "$PWD" && exec env true';
    for (const [cwd, command] of [
      ['/', inFolder('/', 'true')],
      ['/proc', inFolder('/proc', 'true')],
      [folder, inFolder(folder, 'unshare', '-m', 'sh', '-c', script)],
    ] as const)
      expect((await execsOf(command)).at(-1)?.detail).toMatchObject({ cwd, cwdTruncated: false });
  });

  kernelTest('deeper than the record holds are cut at their beginning, and say so', async () => {
    const folder = realpathSync(freshFolder());
    const deep = join(folder, ...Array.from({ length: 50 }, (_, level) => `level-${level}`));
    mkdirSync(deep, { recursive: true });
    const exec = (await execsOf(inFolder(deep, workload('exit_with'), '--id=0'))).at(-1);
    expect(exec?.detail?.cwdTruncated).toBe(true);
    expect(deep.endsWith(exec?.detail?.cwd ?? '?')).toBe(true);
    expect(exec?.detail?.exe).toBe(realpathSync(workload('exit_with')));
    expect(exec?.detail?.exeTruncated).toBe(false);
  });

  kernelTest('with components of 255 bytes come whole', async () => {
    const folder = realpathSync(freshFolder());
    const wide = join(folder, 'x'.repeat(255), 'ü'.repeat(127));
    mkdirSync(wide, { recursive: true });
    const exec = (await execsOf(inFolder(wide, workload('exit_with'), '--id=0'))).at(-1);
    expect(exec?.detail).toMatchObject({ cwd: wide, cwdTruncated: false });
  });
});

describe('ids', () => {
  kernelTest('are what /proc says of the running process', async () => {
    await using agent = await createAgent({ pids: [process.pid], stopOn: [] });
    const events = agent.events[Symbol.asyncIterator]();
    await using sleeper = new TestProcess(['setsid', 'sleep', '1000']);
    let exec: ExecEvent | undefined;
    while (exec?.comm !== 'sleep') {
      const { value } = await events.next();
      if (value.event === 'exec') exec = value;
    }
    await events.return?.();
    const pid = exec.pid;
    const fields = statFields(pid);
    const loginUid = Number(readFileSync(`/proc/${pid}/loginuid`, 'utf8'));
    expect(exec.detail?.sessionId).toBe(Number(fields?.[6]));
    expect(exec.detail?.sessionId).toBe(pid);
    expect(exec.detail?.tty).toBeUndefined();
    expect(exec.detail?.loginUid ?? 0xffff_ffff).toBe(loginUid);
    expect(exec.layoutFingerprint).toBe(new RealProcfs().probe(pid).layoutFingerprint);
    expect(startTicks(pid)).toBe(Number(exec.startTime / 10_000_000n));
    sleeper.kill('SIGKILL');
  });

  kernelTest('name the terminal', async () => {
    const line = `${workload('exit_with')} --id=0`;
    const execs = await execsOf(['script', '-qec', line, '/dev/null']);
    const exec = execs.find(({ comm }) => comm === 'exit_with');
    // Unix98 pseudoterminals: Documentation/admin-guide/devices.txt.
    expect(exec?.detail?.tty).toMatch(/^136:\d+$/);
  });
});

describe('flags', () => {
  const detailOf = async (...command: [string, ...string[]]) =>
    (await execsOf(command)).at(-1)?.detail;

  kernelTest('a set-user-ID program that changes who runs', async () => {
    const folder = freshFolder();
    chmodSync(folder, 0o755);
    const program = copyOfWorkload('exit_with', join(folder, 'elevated'));
    chmodSync(program, 0o6755);
    const user = ['--reuid=65534', '--regid=65534', '--clear-groups'];
    const exec = (await execsOf(['setpriv', ...user, program, '--id=0'])).at(-1);
    expect(exec).toMatchObject({ uid: 65534, gid: 65534 });
    expect(exec?.detail).toMatchObject({
      effectiveUid: 0,
      effectiveGid: 0,
      flags: ['setuid', 'setgid', 'privileged'],
    });
    // Root gains nothing by it.
    expect((await detailOf(program, '--id=0'))?.flags).toEqual([]);
  });

  kernelTest('not on a mount where the mode does not count', async () => {
    const folder = freshFolder();
    const user = 'setpriv --reuid=65534 --regid=65534 --clear-groups';
    const script = `mount -t tmpfs -o nosuid none . && cp ${workload('exit_with')} p && chmod 6755 p && chmod 755 . && ${user} $PWD/p --id=0`;
    const exec = (
      await execsOf(
        inFolder(
          folder,
          'unshare',
          '-m',
          'sh',
          '-c',
          `cd . && ${script.replace('none .', `none ${folder} && cd ${folder}`)}`,
        ),
      )
    ).at(-1);
    expect(exec).toMatchObject({ uid: 65534 });
    expect(exec?.detail).toMatchObject({ effectiveUid: 65534, flags: [] });
  });

  kernelTest('a file that was never named, and one whose name is gone', async () => {
    const folder = freshFolder();
    const nameless = async (kind: string) =>
      detailOf(
        ...inFolder(folder, workload('exec_nameless'), kind, workload('exit_with'), '--id=0'),
      );
    expect(await nameless('memfd')).toMatchObject({ flags: ['memfd'], exe: '/memfd:nameless' });
    expect(await nameless('deleted')).toMatchObject({
      flags: ['deleted'],
      exe: join(realpathSync(folder), 'copy'),
    });
  });

  kernelTest('a script, with its interpreter', async () => {
    const script = join(freshFolder(), 'script');
    writeFileSync(script, '#!/bin/sh\n:\n');
    chmodSync(script, 0o755);
    const exec = (await execsOf([script])).at(-1);
    expect(exec?.filename).toBe(script);
    expect(exec?.detail).toMatchObject({
      flags: ['script'],
      interpreter: '/bin/sh',
      exe: realpathSync('/bin/sh'),
    });
  });
});

describe('the environment', () => {
  const command = ['env', '-i', 'SECRET=1', 'EMPTY=', workload('exit_with'), '--id=0'] as const;

  kernelTest('comes on request only', async () => {
    const asked = (await execsOf(command, { environ: true })).at(-1);
    expect(asked?.argv).toEqual([workload('exit_with'), '--id=0']);
    expect(asked).toMatchObject({ environ: ['SECRET=1', 'EMPTY='], environTruncated: false });
    const unasked = (await execsOf(command)).at(-1);
    expect(unasked?.environ).toBeNull();
    const { stdout } = await Waggle.run(['trace', '--json', '--', ...command]);
    expect(stdout).not.toContain('SECRET=1"]');
    expect(stdout).not.toContain('"environ"');
  });

  kernelTest('is cut where there is no room behind the arguments', async () => {
    const long = [
      'env',
      '-i',
      `A=${'a'.repeat(60_000)}`,
      workload('exit_with'),
      'argument',
    ] as const;
    const exec = (await execsOf(long, { environ: true })).at(-1);
    expect(exec?.argv).toEqual([workload('exit_with'), 'argument']);
    expect(exec?.argvTruncated).toBe(false);
    expect(exec?.environTruncated).toBe(true);
    expect(exec?.environ?.[0]?.startsWith('A=aaaa')).toBe(true);
  });
});

kernelTest('sessions may go without all that', async () => {
  const command = [workload('exit_with'), '--id=0'] as const;
  const exec = (await execsOf(command, { execDetail: false })).at(-1);
  expect(exec).toMatchObject({ detail: null, environ: null, argv: [...command] });
});
