import { expect, test } from 'bun:test';
import { standardState } from '@waggle/bpf';
import { standardFilesOf } from './standard-files.ts';

const { STANDARD_READS, STANDARD_NAMELESS } = standardState;
const S_IFIFO = 0o010000;
const state = STANDARD_READS | STANDARD_NAMELESS | S_IFIFO;

test.each([
  0n,
  1n,
  4711n,
  2n ** 32n + 5n,
  2n ** 48n - 1n,
  2n ** 48n,
  2n ** 53n + 1n,
  2n ** 64n - 1n,
])('a pipe by its inode number %p, in eight bytes and in as few as it takes', (inode) => {
  const bytes = new Uint8Array(24);
  new DataView(bytes.buffer).setBigUint64(8, inode, true);
  const few = Math.max(Math.ceil(inode.toString(16).length / 2), 1);
  for (const length of [8, few])
    expect(standardFilesOf(bytes, 8, [{ state, length }])).toEqual([`<pipe:[${inode}]`]);
});
