import { expect, test } from 'bun:test';
import { groupsOf, Users } from './passwd.ts';

const users = new Users(
  [
    'root:x:0:0:root:/root:/bin/bash',
    'alias:x:0:0::/root:/bin/sh',
    'ada:x:1000:100:Ada,,,:/home/ada:/bin/zsh',
    '# no user',
    '+::::::',
    'broken:x:abc:1::/:',
    '',
  ].join('\n'),
);

test('users by number and by name; the first of a number is its name', () => {
  expect(users.byUid(0)?.name).toBe('root');
  expect(users.byName('alias')?.uid).toBe(0);
  expect(users.byName('ada')).toEqual({
    ...{ name: 'ada', uid: 1000, gid: 100, home: '/home/ada', shell: '/bin/zsh' },
  });
  expect(users.byName('broken')).toBeUndefined();
  expect(users.byUid(4)).toBeUndefined();
});

test('groups are the one of passwd and those that name the user', () => {
  const ada = users.byName('ada')!;
  const group = 'wheel:x:10:root,ada\nusers:x:100:\nadam:x:11:adam\nbad:x:x:ada\n';
  expect(groupsOf(ada, group)).toEqual([100, 10]);
});
