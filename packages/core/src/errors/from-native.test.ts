import { expect, test } from 'bun:test';
import { LibraryError, UnsupportedRuntime } from '@waggle/ffi';
import { NativeUnavailable } from './errors.ts';
import { toWaggleError } from './from-native.ts';

test('no library and no FFI are both NativeUnavailable, with the words of what is missing', () => {
  for (const cause of [
    new LibraryError(['libbpf.so.1'], ['not found']),
    new UnsupportedRuntime(),
  ]) {
    const error = toWaggleError(cause);
    expect(error).toBeInstanceOf(NativeUnavailable);
    expect(error).toMatchObject({ message: cause.message, cause });
  }
});

test('a bug stays what it is', () => {
  const bug = new RangeError('no');
  expect(() => toWaggleError(bug)).toThrow(bug);
});
