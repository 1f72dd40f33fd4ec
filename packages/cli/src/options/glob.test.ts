import { expect, test } from 'bun:test';
import { globRegex } from './glob.ts';

test.each([
  ['/usr/bin/*', '/usr/bin/make', true],
  ['/usr/bin/*', '/usr/bin/x/make', false],
  ['/usr/**', '/usr/lib/gcc/cc1', true],
  ['**/cc1', '/usr/lib/gcc/cc1', true],
  ['**/cc1', 'cc1', true],
  ['**/cc1', '/usr/lib/xcc1', false],
  ['/bin/?sh', '/bin/zsh', true],
  ['/bin/?sh', '/bin//sh', false],
  ['/bin/[a-c]sh', '/bin/csh', true],
  ['/bin/[!a-c]sh', '/bin/csh', false],
  ['/bin/[!a-c]sh', '/bin//sh', false],
  ['/bin/[', '/bin/[', true],
  ['/opt/a+b(c).d', '/opt/a+b(c).d', true],
  ['/opt/a.d', '/opt/axd', false],
  ['/opt/*', '/opt/two\nlines', true],
])('%s of %s is %p', (glob, path, matches) => {
  expect(globRegex(glob).test(path)).toBe(matches);
});

test('a range that runs back holds nothing, and is no error', () => {
  expect(globRegex('/bin/[z-a]').test('/bin/b')).toBe(false);
  expect(globRegex('/bin/[b-c]').test('/bin/b')).toBe(true);
});
