import { expect, test } from 'bun:test';
import { LibraryError, SystemError, UnsupportedRuntime } from '@waggle/ffi';
import { KernelRefused, NativeUnavailable } from '../errors/errors.ts';
import { toWaggleError } from './from-native.ts';

test('no library and no FFI are both NativeUnavailable, with the words of what is missing', () => {
  for (const cause of [new LibraryError('libwaggle.so', ['not found']), new UnsupportedRuntime()]) {
    const error = toWaggleError(cause);
    expect(error).toBeInstanceOf(NativeUnavailable);
    expect(error).toMatchObject({ message: cause.message, cause });
  }
});

test('a kernel that is too old to record is told so, without libbpf’s words', () => {
  const error = toWaggleError(new SystemError('load waggle.bpf.o', 7, 'libbpf: map ...'));
  expect(error).toBeInstanceOf(KernelRefused);
  expect(error.message).toMatch(
    /^load waggle\.bpf\.o: E2BIG; recording needs Linux 5\.11 or newer \(this is \S+\)/,
  );
});

test('a bug stays what it is', () => {
  const bug = new RangeError('no');
  expect(() => toWaggleError(bug)).toThrow(bug);
});
