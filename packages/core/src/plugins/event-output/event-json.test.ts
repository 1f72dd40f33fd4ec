import { expect, test } from 'bun:test';
import type { ExecEvent, ExitEvent } from '@waggle/events';
import { execDetail, execEvent } from '@waggle/events/testing';
import { EventJson } from './event-json.ts';
import { Rfc3339 } from './rfc3339.ts';

const exec: ExecEvent = {
  ...execEvent(),
  time: 1_772_366_400_000_000_001n,
  bootTime: 5n,
  processId: 'b-42-7-3',
  parentProcessId: 'b-1-1-1',
  eventId: 'b-42-7-3-it',
  pid: 42,
  tid: 42,
  ppid: 1,
  startTime: 2n ** 62n,
  execId: 3,
  identity: { pid: 42, startBoottimeNs: 2n ** 62n, execId: 3 },
  parentStartTime: 1n,
  comm: 'a"b',
  parentComm: 'sh',
  filename: '/bin/x\n',
  argv: ['x', '', 'é'],
  argvTruncated: false,
  uid: 1000,
  gid: 100,
  cgroupId: 2n ** 63n,
  cgroup: '/',
  containerId: null,
  nsMnt: 1,
  nsPid: 2,
  layoutFingerprint: 5,
  detail: null,
  environ: null,
  environTruncated: false,
};

const exit: ExitEvent = {
  event: 'exit',
  time: 1_772_366_400_999_999_999n,
  bootTime: 5n,
  processId: 'b-42-7-3',
  parentProcessId: 'b-1-1-1',
  eventId: 'b-42-7-3-it',
  pid: 42,
  tid: 42,
  ppid: 1,
  startTime: 7n,
  execId: 3,
  identity: { pid: 42, startBoottimeNs: 7n, execId: 3 },
  parentStartTime: 1n,
  comm: 'x',
  parentComm: null,
  uid: 1000,
  cgroupId: 1n,
  cgroup: '/',
  containerId: null,
  filename: null,
  argv: null,
  argvTruncated: false,
  exitCode: 0,
  signal: null,
  coreDumped: false,
  lifetimeNs: 2n ** 60n,
  userNs: 2n ** 55n,
  systemNs: 6n,
  maxRssBytes: 2n ** 40n,
  majorFaults: 3,
  readBytes: 0n,
  writeBytes: null,
  voluntarySwitches: 11,
  involuntarySwitches: 12,
};

test('an exec is one line, 64-bit numbers are strings and lose nothing', () => {
  const line = new EventJson().line(exec);
  expect(line.indexOf('\n')).toBe(line.length - 1);
  expect(JSON.parse(line)).toEqual({
    event: 'exec',
    time: '2026-03-01T12:00:00.000000001Z',
    pid: 42,
    tid: 42,
    ppid: 1,
    startTime: '4611686018427387904',
    execId: 3,
    comm: 'a"b',
    filename: '/bin/x\n',
    argv: ['x', '', 'é'],
    argvTruncated: false,
    uid: 1000,
    gid: 100,
    cgroupId: '9223372036854775808',
    containerId: null,
    nsMnt: 1,
    nsPid: 2,
    parentComm: 'sh',
    processId: 'b-42-7-3',
    parentProcessId: 'b-1-1-1',
    eventId: 'b-42-7-3-it',
  });
});

test('an exit says how it ended and how long it lived', () => {
  expect(
    JSON.parse(new EventJson().line({ ...exit, signal: 'SIGSEGV', coreDumped: true })),
  ).toEqual({
    event: 'exit',
    time: '2026-03-01T12:00:00.999999999Z',
    pid: 42,
    tid: 42,
    ppid: 1,
    startTime: '7',
    execId: 3,
    comm: 'x',
    filename: null,
    argv: null,
    argvTruncated: false,
    uid: 1000,
    cgroupId: '1',
    containerId: null,
    exitCode: 0,
    signal: 'SIGSEGV',
    coreDumped: true,
    lifetimeNs: '1152921504606846976',
    userNs: '36028797018963968',
    systemNs: '6',
    maxRssBytes: '1099511627776',
    majorFaults: 3,
    readBytes: '0',
    writeBytes: null,
    voluntarySwitches: 11,
    involuntarySwitches: 12,
    parentComm: null,
    processId: 'b-42-7-3',
    parentProcessId: 'b-1-1-1',
    eventId: 'b-42-7-3-it',
  });
});

test('nine digits of a second, whichever came before', () => {
  const clock = new Rfc3339();
  expect(clock.format(1n)).toBe('1970-01-01T00:00:00.000000001Z');
  expect(clock.format(999_999_999n)).toBe('1970-01-01T00:00:00.999999999Z');
  expect(clock.format(1_000_000_000n)).toBe('1970-01-01T00:00:01.000000000Z');
  expect(clock.format(2n)).toBe('1970-01-01T00:00:00.000000002Z');
});

test('detail of an exec is there when the session has it', () => {
  const detail = execDetail({
    exe: '/usr/bin/x',
    exeInode: 2n ** 60n,
    tty: '136:2',
    flags: ['setuid', 'privileged'],
    stdio: ['</dev/null', '-', '-'],
  });
  const parsed = JSON.parse(new EventJson().line({ ...exec, detail }));
  expect(parsed).toMatchObject({
    exe: '/usr/bin/x',
    exeInode: '1152921504606846976',
    loginUid: null,
    tty: '136:2',
    marks: ['setuid', 'privileged'],
    interpreter: null,
    stdio: ['</dev/null', '-', '-'],
  });
  expect(parsed).not.toHaveProperty('environ');
  const withEnviron = { ...exec, detail, environ: ['A=1'] };
  expect(JSON.parse(new EventJson().line(withEnviron)).environ).toEqual(['A=1']);
});
