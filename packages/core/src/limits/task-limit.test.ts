import { expect, test } from 'bun:test';
import { leastRoom } from './task-limit.ts';

const reader = (files: Record<string, string>) => (path: string) => files[path];

test('the least of a cgroup and those above it, in version 1 and 2', () => {
  const own = '/proc/self/cgroup';
  expect(
    leastRoom(
      reader({
        [own]: '12:memory:/a\n11:pids:/a/b\n0::/other\n',
        '/sys/fs/cgroup/pids/a/b/pids.max': 'max\n',
        '/sys/fs/cgroup/pids/a/b/pids.current': '3\n',
        '/sys/fs/cgroup/pids/a/pids.max': '20\n',
        '/sys/fs/cgroup/pids/a/pids.current': '15\n',
      }),
    ),
  ).toEqual({ cgroup: '/a', limit: 20, left: 5 });
  expect(
    leastRoom(
      reader({
        [own]: '0::/x.slice/y.scope\n',
        '/sys/fs/cgroup/x.slice/y.scope/pids.max': '10\n',
        '/sys/fs/cgroup/x.slice/y.scope/pids.current': '12\n',
        '/sys/fs/cgroup/x.slice/pids.max': '100\n',
        '/sys/fs/cgroup/x.slice/pids.current': '12\n',
      }),
    ),
  ).toEqual({ cgroup: '/x.slice/y.scope', limit: 10, left: 0 });
});

test('no limit, no cgroup, and what is outside of ours are none', () => {
  expect(leastRoom(reader({}))).toBeUndefined();
  expect(leastRoom(reader({ '/proc/self/cgroup': '0::/\n' }))).toBeUndefined();
  expect(leastRoom(reader({ '/proc/self/cgroup': '0::/../../outside\n' }))).toBeUndefined();
});
