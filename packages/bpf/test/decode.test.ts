// Records that C wrote, as the structs of records.h lay them out, read by the layouts that were
// generated from the objects' BTF: the two must not drift apart.

import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CgroupRecord, decodeCgroup, decodeRecord, type KernelRecord } from '../src/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'waggle-records-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** In the middle of larger memory, as records lie in a ring. */
function written(): (KernelRecord | CgroupRecord | undefined)[] {
  const program = join(folder, 'write-records');
  const source = join(import.meta.dir, 'write-records.c');
  const built = Bun.spawnSync(['cc', '-Wall', '-Werror', '-o', program, source]);
  if (!built.success) throw new Error(built.stderr.toString());
  const bytes = Buffer.from(Bun.spawnSync([program]).stdout);
  const memory = { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) };
  const records: (KernelRecord | CgroupRecord | undefined)[] = [];
  for (let at = 0; at < bytes.length; ) {
    const size = memory.view.getUint32(at, true);
    records.push(decodeRecord(memory, at + 4) ?? decodeCgroup(memory, at + 4));
    at += 4 + size;
  }
  return records;
}

const header = {
  cpu: 3,
  tid: 4242,
  sequence: 2 ** 52 + 7,
  time: 0xfedc_ba98_7654_3210n,
  pid: 4_194_303,
  ppid: 17,
  startTime: 0x8000_0000_0000_0001n,
  execId: 2 ** 33 + 5,
  parentStartTime: 99n,
  parentExecId: 2 ** 40,
  cgroupKey: 2 ** 53 - 1,
  comm: 'thirteen-byteé',
};

const [fork, exec, least, failed, exit, crash, cgroups, roots] = written();

test('a fork', () => {
  expect(fork).toEqual({
    ...header,
    type: 'fork',
    childPid: 4_194_304,
    childStartTime: 2n ** 64n - 1n,
    uid: 0xffff_fffd,
    childCgroupKey: 2 ** 53 - 2,
  });
});

test('an exec with everything', () => {
  expect(exec).toMatchObject({
    ...header,
    type: 'exec',
    filename: './tool',
    argv: ['tool', '', 'two\nlines', 'café'],
    argvTruncated: true,
    uid: 1000,
    gid: 0xffff_fffe,
    cgroupId: 2n ** 63n,
    nsMnt: 0xf000_0001,
    nsPid: 0xf000_0002,
    environ: ['HOME=/root', 'EMPTY='],
    environTruncated: false,
    detail: {
      exe: '/usr/bin/tool',
      exeTruncated: true,
      exeInode: 123_456_789_012_345_678n,
      exeDevice: '259:5',
      cwd: '/work',
      cwdTruncated: false,
      effectiveUid: 0,
      effectiveGid: 5,
      loginUid: 1001,
      sessionId: 12,
      tty: '136:2',
      flags: ['setuid', 'memfd', 'script'],
      interpreter: '/bin/dash',
    },
  });
});

test('an exec with nothing that could be read', () => {
  expect(least).toMatchObject({
    ...header,
    filename: '',
    argv: [],
    argvTruncated: true,
    detail: undefined,
    environ: undefined,
    environTruncated: true,
  });
});

test('a failed exec', () => {
  expect(failed).toMatchObject({
    ...header,
    type: 'failed-exec',
    error: 13,
    filename: undefined,
    argv: ['a', 'bc'],
    argvTruncated: false,
    uid: 1,
    gid: 2,
    cgroupId: 3n,
  });
});

test('an exit by status, and one by signal with a core', () => {
  expect(exit).toMatchObject({ ...header, type: 'exit', uid: 65_534, cgroupId: 9n });
  expect(exit).toMatchObject({ exitCode: 0xab, signal: 0, coreDumped: false });
  expect(crash).toMatchObject({ exitCode: 0, signal: 11, coreDumped: true });
});

test('the names of cgroups, leaf first, hierarchy by hierarchy', () => {
  expect(cgroups).toEqual({
    key: 2 ** 53 - 1,
    paths: [
      { version: 2, controllers: '', path: '/system.slice/a b.scope' },
      { version: 1, controllers: 'memory', path: '/docker/é' },
      { version: 1, controllers: 'name=', path: '/x' },
      // The record had no more room.
      { version: 1, controllers: '', path: '/cut' },
    ],
  });
  expect(roots).toEqual({ key: 5, paths: [] });
});
