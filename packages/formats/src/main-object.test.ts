import { describe, expect, test } from 'bun:test';
import { profileOf } from '../test/random-profile.ts';
import { mainObject } from './main-object.ts';
import type { ProfileFrame } from './profile.ts';

const stack = (count: number, comm: string, ...objects: string[]) => ({
  count,
  frames: [
    { name: comm, kind: 'process' },
    ...objects.map((object) => ({ name: 'f', kind: 'user', object }) as const),
  ] satisfies ProfileFrame[],
});
const LIBC = '/usr/lib/libc.so.6';

describe('the main object', () => {
  test.each([
    [
      "the command's, however little it was sampled",
      './app --all',
      [stack(9, 'gcc', '/bin/gcc'), stack(1, 'app', '/srv/app')],
      '/srv/app',
    ],
    [
      'a quoted command',
      "'my app' x",
      [stack(9, 'gcc', '/bin/gcc'), stack(1, 'x', '/srv/my app')],
      '/srv/my app',
    ],
    [
      'else what was sampled most',
      'sh build',
      [stack(5, 'cc1', '/lib/cc1', LIBC), stack(3, 'make', '/bin/make')],
      '/lib/cc1',
    ],
    [
      'the one that has the name of its process, also in a thread',
      'x',
      [stack(2, 'averylongname01', LIBC, '/bin/averylongname0123')],
      '/bin/averylongname0123',
    ],
    [
      'the outermost program below a library',
      'python3 x.py',
      [stack(2, 'worker', LIBC, '/usr/bin/python3.11', '/x/_json.cpython-311.so')],
      '/usr/bin/python3.11',
    ],
    [
      'no library, no kernel and no generated code',
      undefined,
      [stack(2, 'x', LIBC, '[jit]', '/lib/ld-linux-x86-64.so.2')],
      undefined,
    ],
  ] as const)('%s', (_, command, stacks, expected) => {
    const profile = profileOf(stacks, command);
    expect(mainObject(profile)).toBe(expected);
  });

  test('what the profile says goes before', () => {
    const profile = profileOf([stack(2, 'app', '/srv/app')]);
    expect(mainObject({ ...profile, metadata: { ...profile.metadata, mainObject: '/x' } })).toBe(
      '/x',
    );
  });
});
