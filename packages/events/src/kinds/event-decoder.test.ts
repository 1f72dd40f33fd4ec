// Events of records that C wrote: every field where it belongs.

import { expect, test } from 'bun:test';
import { recordHeader } from '@waggle/bpf';
import { writtenRecords } from '../../../bpf/test/written-records.ts';
import { KnownCgroups } from '../fields/known-cgroups.ts';
import { EventContext } from './event-base.ts';
import { decodeEvent } from './event-decoder.ts';

const { memory, offsets } = writtenRecords();
const cgroups = new KnownCgroups(() => false);
const context = new EventContext(cgroups, 5n);
cgroups.add({
  key: 2 ** 53 - 1,
  paths: [{ version: 2, controllers: '', path: '/system.slice/a b.scope' }],
});
const [fork, exec, least, failed, exit, crash, cgroup] = offsets.map((offset) =>
  decodeEvent(
    memory.view.getUint16(offset + recordHeader.offset.type, true),
    memory,
    offset,
    context,
  ),
);

const image = {
  pid: 4_194_303,
  startTime: 0x8000_0000_0000_0001n,
  execId: 2 ** 33 + 5,
};
const header = {
  ...image,
  tid: 4242,
  time: 0xfedc_ba98_7654_3215n,
  bootTime: 0xfedc_ba98_7654_3210n,
  identity: { pid: image.pid, startBoottimeNs: image.startTime, execId: image.execId },
  processId: expect.stringMatching(/^[0-9a-f]{32}-4194303-9223372036854775809-8589934597$/),
  parentProcessId: expect.stringMatching(/-17-99-1099511627776$/),
  eventId: expect.stringMatching(/^[0-9a-f]{32}-4194303-9223372036854775809-8589934597-[a-z]+/),
  ppid: 17,
  parentStartTime: 99n,
  comm: 'thirteen-byteé',
  parentComm: null,
  cgroup: '/system.slice/a b.scope',
  containerId: null,
};

test('a fork', () => {
  expect(fork).toEqual({
    ...header,
    event: 'fork',
    childPid: 4_194_304,
    childStartTime: 2n ** 64n - 1n,
    uid: 0xffff_fffd,
    // Of a cgroup whose record was lost.
    childCgroup: null,
    childContainerId: null,
  });
});

test('an exec with everything', () => {
  expect(exec).toMatchObject({
    ...header,
    event: 'exec',
    filename: './tool',
    argv: ['tool', '', 'two\nlines', 'café'],
    argvTruncated: true,
    uid: 1000,
    gid: 0xffff_fffe,
    cgroupId: 2n ** 63n,
    nsMnt: 0xf000_0001,
    nsPid: 0xf000_0002,
    layoutFingerprint: 2 ** 47 + 3,
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
      stdio: ['<pipe:[9223372036854780519]', '>>…/var/log', '>>…/var/log'],
    },
  });
});

test('an exec with nothing that could be read', () => {
  expect(least).toMatchObject({
    ...header,
    filename: '',
    argv: [],
    argvTruncated: true,
    detail: null,
    environ: null,
    environTruncated: true,
  });
});

test('a failed exec', () => {
  expect(failed).toMatchObject({
    ...header,
    event: 'failed-exec',
    error: 'EACCES',
    filename: null,
    argv: ['a', 'bc'],
    argvTruncated: false,
    uid: 1,
    gid: 2,
    cgroupId: 3n,
  });
});

test('an exit by status, and one by signal with a core', () => {
  expect(exit).toMatchObject({ ...header, event: 'exit', uid: 65_534, cgroupId: 9n });
  expect(exit).toMatchObject({ exitCode: 0xab, signal: null, coreDumped: false });
  expect(crash).toMatchObject({ exitCode: 0, signal: 'SIGSEGV', coreDumped: true });
});

test('records of other types are no events', () => {
  expect(cgroup).toBeUndefined();
});
