import { expect, test } from 'bun:test';
import { closeSync, fstatSync, openSync } from 'node:fs';
import { objectKey } from '@waggle/bpf';
import type { ObjectFile } from '../mappings/object-file.ts';
import { VDSO } from '../mappings/object-files.ts';
import { stateOfObject } from '../mappings/object-state.ts';
import { isContent } from './sampled-object.ts';

function objectOf(path: string, fd: number | undefined): ObjectFile {
  return { key: path, path, fd, content: undefined, missing: undefined };
}

/** As the sampler would know the file. */
function keyOf(fd: number): Uint8Array {
  const key = new Uint8Array(objectKey.size);
  const view = new DataView(key.buffer);
  const { size, ctimeNs } = fstatSync(fd, { bigint: true });
  view.setBigUint64(objectKey.offset.size, size, true);
  view.setBigUint64(objectKey.offset.changed_sec, ctimeNs / 1_000_000_000n, true);
  view.setUint32(objectKey.offset.changed_nsec, Number(ctimeNs % 1_000_000_000n), true);
  return key;
}

// A closed descriptor stands for one whose file system is gone: fstat(2) fails the same way.
test('a file that does not answer any more has no state, and is nothing that was sampled', () => {
  const fd = openSync(process.execPath, 'r');
  const object = objectOf(process.execPath, fd);
  const key = keyOf(fd);
  expect(stateOfObject(object)).toBeString();
  expect(isContent(key, object)).toBe(true);
  closeSync(fd);
  expect(stateOfObject(object)).toBeUndefined();
  expect(isContent(key, object)).toBe(false);
});

test('the vDSO needs no file; other memory without one has no state', () => {
  expect(stateOfObject(objectOf(VDSO, undefined))).toBe(VDSO);
  expect(stateOfObject(objectOf('//anon', undefined))).toBeUndefined();
});
