// What a receiver reads of events: names of the conventions, values as they were.

import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { execEvent, exitEvent, failedExecEvent, forkEvent, lostEvent } from '@waggle/core/testing';
import protobuf from 'protobufjs';
import type { Loose } from '../../test/receiver.ts';
import { codec } from '../schema/codec.ts';
import { isLogged, logRecordOf } from './log-record.ts';

const root = new protobuf.Root();
const SCHEMA = join(import.meta.dir, '../../../formats/schema/opentelemetry-proto');
root.resolvePath = (_origin, target) => join(SCHEMA, target);
root.loadSync('opentelemetry/proto/logs/v1/logs.proto');
const LogRecord = root.lookupType('LogRecord');

function read(event: Parameters<typeof logRecordOf>[0], container = {}) {
  const bytes = codec.encode(
    'LogRecord',
    logRecordOf(event, () => container),
  );
  const message: Loose = LogRecord.toObject(LogRecord.decode(bytes), { longs: String });
  const { attributes, body, ...rest } = message;
  const named = Object.fromEntries(
    attributes.map(({ key, value }: Loose) => [
      key,
      value.arrayValue?.values.map(({ stringValue }: Loose) => stringValue) ??
        Object.values(value)[0],
    ]),
  );
  return { ...rest, body: body.stringValue, attributes: named };
}

test('an exec', () => {
  const event = execEvent({
    ...{ pid: 77, ppid: 7, argv: ['/bin/ls', '-l', '/tmp'], uid: 1000, parentComm: 'bash' },
    containerId: 'c'.repeat(64),
    cgroup: '/kubepods/x',
  });
  expect(read(event, { 'k8s.pod.name': 'web-1' })).toMatchObject({
    timeUnixNano: String(event.time),
    severityNumber: 9,
    eventName: 'process.exec',
    body: 'exec /bin/ls -l /tmp',
    attributes: {
      'log.record.uid': event.eventId,
      'process.pid': '77',
      'process.parent_pid': '7',
      'process.executable.name': 'ls',
      'process.executable.path': '/bin/ls',
      'process.command_args': ['/bin/ls', '-l', '/tmp'],
      'process.real_user.id': '1000',
      'process.linux.cgroup': '/kubepods/x',
      'waggle.parent_process.executable.name': 'bash',
      'container.id': 'c'.repeat(64),
      'k8s.pod.name': 'web-1',
    },
  });
});

test('ends: a status, a signal', () => {
  const exit = exitEvent({ exitCode: 3, userNs: 5_000_000n, maxRssBytes: 2n ** 40n });
  expect(read(exit)).toMatchObject({
    severityNumber: 13,
    eventName: 'process.exit',
    attributes: {
      'process.exit.code': '3',
      'waggle.lifetime_ns': '1000000000',
      'waggle.user_ns': '5000000',
      'waggle.max_rss_bytes': String(2n ** 40n),
    },
  });
  const killed = read(exitEvent({ signal: 'SIGKILL', readBytes: null }));
  expect(killed.attributes['waggle.exit.signal']).toBe('SIGKILL');
  expect(killed.attributes['process.exit.code']).toBeUndefined();
  expect(killed.attributes['waggle.read_bytes']).toBeUndefined();
  expect(read(exitEvent({}))).toMatchObject({ severityNumber: 9 });
});

test('the start of a process is that of its clock, to the nanosecond', () => {
  const event = exitEvent({ lifetimeNs: 1_234_567_891n });
  const { attributes } = read(event);
  const [start, end] = ['process.creation.time', 'process.exit.time'].map((name) => {
    const [, whole = '', ns = ''] = /^(.*)\.(\d{9})Z$/.exec(attributes[name]) ?? [];
    return BigInt(Date.parse(`${whole}Z`)) * 1_000_000n + BigInt(ns);
  });
  expect(end).toBe(event.time);
  expect((end ?? 0n) - (start ?? 0n)).toBe(1_234_567_891n);
});

test('a failure, and a loss', () => {
  const failed = read(failedExecEvent({ error: 'EACCES', filename: null, argv: ['x'] }));
  expect(failed).toMatchObject({
    eventName: 'process.exec.failed',
    attributes: { 'error.type': 'EACCES' },
  });
  expect(failed.attributes['process.executable.path']).toBeUndefined();
  expect(read(lostEvent({ exec: 3, exit: 4 }))).toMatchObject({
    eventName: 'waggle.lost',
    attributes: { 'waggle.lost.kind': 'events', 'waggle.lost.count': '7' },
  });
  expect(isLogged(forkEvent())).toBe(false);
});

test('bytes that are no UTF-8 harm nothing', () => {
  const { attributes, body } = read(
    execEvent({ argv: ['/bin/x', 'a\udcffb'], filename: '/\udc80' }),
  );
  expect(attributes['process.command_args']).toEqual(['/bin/x', 'a\ufffdb']);
  expect(attributes['process.executable.path']).toBe('/\ufffd');
  expect(body).toBe('exec /bin/x a\ufffdb');
});
