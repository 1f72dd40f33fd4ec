// Records that C wrote, as the structs of records.h lay them out, read by the readers that were
// generated from the objects' BTF: the two must not drift apart.

import { expect, test } from 'bun:test';
import {
  decodeCgroup,
  decodePath,
  decodeStrings,
  ExecRecordReader,
  ExitRecordReader,
  FailedExecRecordReader,
  ForkRecordReader,
  recordType,
} from '../src/index.ts';
import { writtenRecords } from './written-records.ts';

const { memory, offsets } = writtenRecords();
const [fork = 0, exec = 0, least = 0, failed = 0, exit = 0, crash = 0, cgroups = 0, roots = 0] =
  offsets;

const header = {
  cpu: 3,
  tid: 4242,
  sequence: 2 ** 52 + 7,
  timeNs: 0xfedc_ba98_7654_3210n,
  tgid: 4_194_303,
  parentTgid: 17,
  startBoottime: 0x8000_0000_0000_0001n,
  execId: 2 ** 33 + 5,
  parentStartBoottime: 99n,
  parentExecId: 2 ** 40,
  cgroupKey: 2 ** 53 - 1,
  comm: 'thirteen-byteé',
};

test('a fork', () => {
  expect(new ForkRecordReader().at(memory, fork).copy()).toMatchObject({
    ...header,
    type: recordType.RECORD_FORK,
    childTgid: 4_194_304,
    childStartBoottime: 2n ** 64n - 1n,
    uid: 0xffff_fffd,
    childCgroupKey: 2 ** 53 - 2,
  });
});

test('an exec with everything', () => {
  const record = new ExecRecordReader().at(memory, exec);
  expect(record.copy()).toMatchObject({
    ...header,
    type: recordType.RECORD_EXEC,
    uid: 1000,
    gid: 0xffff_fffe,
    cgroupId: 2n ** 63n,
    mountNamespace: 0xf000_0001,
    pidNamespace: 0xf000_0002,
    layoutFingerprint: 2 ** 47 + 3,
    filenameLength: 6,
    argvTotal: 20_000,
    exeInode: 123_456_789_012_345_678n,
    loginUid: 1001,
    sessionId: 12,
  });
  const argvAt = record.payloadAt + record.filenameLength;
  const argvEnd = argvAt + record.argvLength;
  const exeAt = argvEnd + record.environLength;
  const { bytes } = memory;
  expect(decodeStrings(bytes, argvAt, argvEnd)).toEqual(['tool', '', 'two\nlines', 'café']);
  expect(decodePath(bytes, exeAt, exeAt + record.exeLength)).toBe('/usr/bin/tool');
});

test('one reader is pointed at one record after the other', () => {
  const record = new ExecRecordReader();
  expect(record.at(memory, exec).uid).toBe(1000);
  expect(record.at(memory, least).uid).toBe(0);
  expect(record.filenameLength).toBe(0);
});

test('a failed exec', () => {
  expect(new FailedExecRecordReader().at(memory, failed).copy()).toMatchObject({
    ...header,
    type: recordType.RECORD_FAILED_EXEC,
    error: 13,
    uid: 1,
    gid: 2,
    cgroupId: 3n,
  });
});

test('exits', () => {
  const record = new ExitRecordReader();
  expect(record.at(memory, exit).copy()).toMatchObject({
    ...header,
    uid: 65_534,
    cgroupId: 9n,
    exitCode: 0xab << 8,
    userNs: 2n ** 63n + 1n,
    systemNs: 12n,
    maxRssBytes: 2n ** 41n,
    readBytes: 4096n,
    writeBytes: 8192n,
    majorFaults: 3,
    voluntarySwitches: 2 ** 33 + 1,
    involuntarySwitches: 5,
  });
  expect(record.at(memory, crash).exitCode).toBe(11 | 0x80);
});

test('the names of cgroups, leaf first, hierarchy by hierarchy', () => {
  expect(decodeCgroup(memory, cgroups)).toEqual({
    key: 2 ** 53 - 1,
    paths: [
      { version: 2, controllers: '', path: '/system.slice/a b.scope' },
      { version: 1, controllers: 'memory', path: '/docker/é' },
      { version: 1, controllers: 'name=', path: '/x' },
      // The record had no more room.
      { version: 1, controllers: '', path: '/cut' },
    ],
  });
  expect(decodeCgroup(memory, roots)).toEqual({ key: 5, paths: [] });
});
