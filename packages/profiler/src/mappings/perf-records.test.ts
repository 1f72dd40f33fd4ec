// Records as the kernel writes them: header, body, and the trailer of sample_id_all.

import { expect, test } from 'bun:test';
import { decodeSideband } from './perf-records.ts';

const TIME = 123_456_789n;

function record(type: number, misc: number, body: (view: DataView) => void, bodyBytes: number) {
  const view = new DataView(new ArrayBuffer(8 + bodyBytes + 24));
  view.setUint32(0, type, true);
  view.setUint16(4, misc, true);
  view.setUint16(6, view.byteLength, true);
  body(view);
  view.setBigUint64(view.byteLength - 16, TIME, true);
  return view;
}

function mmap2(protection: number, path: string) {
  return record(
    10,
    2,
    (view) => {
      view.setUint32(8, 42, true);
      view.setUint32(12, 43, true);
      view.setBigUint64(16, 0x7f0000001000n, true);
      view.setBigUint64(24, 0x3000n, true);
      view.setBigUint64(32, 0x2000n, true);
      view.setUint32(40, 8, true);
      view.setUint32(44, 1, true);
      view.setBigUint64(48, 2n ** 60n, true);
      view.setUint32(64, protection, true);
      new Uint8Array(view.buffer).set(new TextEncoder().encode(path), 72);
    },
    64 + 32,
  );
}

test('an executable mapping', () => {
  expect(decodeSideband(mmap2(5, '/lib/ü.so'))).toEqual({
    type: 'mapping',
    time: TIME,
    pid: 42,
    mapping: {
      start: 0x7f0000001000,
      end: 0x7f0000004000,
      fileOffset: 0x2000,
      device: '8:1',
      inode: 2n ** 60n,
      path: '/lib/ü.so',
    },
  });
});

test('paths that come again, one after the other and in each other place', () => {
  const paths = Array.from({ length: 3000 }, (_, at) => `/lib/${'x'.repeat(at % 9)}${at % 700}.so`);
  for (const path of [...paths, ...paths]) {
    const found = decodeSideband(mmap2(5, path));
    expect(found?.type === 'mapping' && found.mapping.path).toBe(path);
  }
  const deleted = decodeSideband(mmap2(5, '/a (deleted)'));
  expect(deleted?.type === 'mapping' && deleted.mapping.path).toBe('/a');
});

test('a data mapping says nothing', () => {
  expect(decodeSideband(mmap2(3, '/data'))).toBeUndefined();
});

test('a new process is a fork, a new thread is not', () => {
  const fork = (pid: number, parent: number) =>
    record(
      7,
      0,
      (view) => {
        view.setUint32(8, pid, true);
        view.setUint32(12, parent, true);
      },
      24,
    );
  expect(decodeSideband(fork(5, 4))).toEqual({ type: 'fork', time: TIME, pid: 5, parent: 4 });
  expect(decodeSideband(fork(5, 5))).toBeUndefined();
});

test('a new name is an exec only with the flag', () => {
  const comm = (misc: number) => record(3, misc, (view) => view.setUint32(8, 5, true), 24);
  expect(decodeSideband(comm(1 << 13))).toEqual({ type: 'exec', time: TIME, pid: 5 });
  expect(decodeSideband(comm(0))).toBeUndefined();
});

test('lost records are counted', () => {
  const lost = record(2, 0, (view) => view.setBigUint64(16, 17n, true), 16);
  expect(decodeSideband(lost)).toEqual({ type: 'lost', time: TIME, count: 17 });
});
