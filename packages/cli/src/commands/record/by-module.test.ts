import { expect, test } from 'bun:test';
import type { Profile, ProfileFrame } from '@waggle/formats';
import { byModule, moduleOf } from './by-module.ts';

const LIBRARY = '/usr/lib/python3.11';

test.each([
  ['[java]', 'java.util.HashMap.put', '', 'java.util'],
  ['[java]', 'com.acme.Shop$Cart.<init>', 'Shop.java', 'com.acme'],
  ['[java]', 'Main.main', 'Main.java', '(default package)'],
  ['[python]', 'dumps', `${LIBRARY}/json/__init__.py`, 'json'],
  ['[python]', 'f', '/srv/venv/lib/python3.12/site-packages/flask/app.py', 'flask.app'],
  ['[python]', 'handle', '/srv/app/views.py', '/srv/app/views.py'],
  ['[python]', '_find', '<frozen importlib._bootstrap>', '<frozen importlib._bootstrap>'],
  ['[python]', 'f', '', '[python]'],
  ['[v8]', 'next', '/srv/node_modules/express/lib/router.js', 'express'],
  ['[v8]', 'f', '/srv/node_modules/a/node_modules/@b/c/x.js', '@b/c'],
  ['[v8]', 'f', 'file:///srv/app.mjs', '/srv/app.mjs'],
  ['[v8]', 'emit', 'node:events', 'node:events'],
  ['[v8]', 'map', '', '[v8]'],
  ['/usr/lib/libz.so.1', 'deflate', 'deflate.c', 'libz.so.1'],
])('a function of %s, %s in "%s", is of %s', (object, name, file, module) => {
  const frame: ProfileFrame = { name, kind: 'user', object, ...(file === '' ? {} : { file }) };
  expect(moduleOf(frame)).toBe(module);
});

test('a stack stands on the module of its innermost function of user space', () => {
  const app: ProfileFrame = { name: 'app', kind: 'process' };
  const main: ProfileFrame = { name: 'main', kind: 'user', object: '/bin/app' };
  const read: ProfileFrame = { name: 'vfs_read', kind: 'kernel' };
  const unnamed: ProfileFrame = { name: '[app+0x10]', kind: 'unresolved' };
  const profile: Profile = {
    stacks: [
      { frames: [app, main, read], count: 3 },
      { frames: [app, read], count: 4 },
      { frames: [app, unnamed], count: 5 },
    ],
    metadata: {
      ...{ host: 'h', frequencyHz: 99, startTime: new Date(0), durationSeconds: 1 },
      ...{ samples: 12, lostSamples: 0 },
    },
  };
  const { stacks, metadata } = byModule(profile);
  const named = stacks.map(({ frames, count }) => [...frames.map(({ name }) => name), count]);
  expect(named).toEqual([
    ['app', 'app', 'main', 'vfs_read', 3],
    ['[kernel]', 'app', 'vfs_read', 4],
    ['[unknown]', 'app', '[app+0x10]', 5],
  ]);
  expect(metadata).toEqual(profile.metadata);
});
