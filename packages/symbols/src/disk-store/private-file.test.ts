// Who can have written a file that we are about to believe: nobody but us, whatever was prepared.

import { afterAll, beforeEach, expect, test } from 'bun:test';
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultCacheDirectory } from '../cache/disk.ts';
import { readPrivateFile, writePrivateFile } from './private-file.ts';

const STRANGER = 54321;
const isRoot = process.geteuid?.() === 0;
const rootTest = test.skipIf(!isRoot);

const home = realpathSync(mkdtempSync(join(tmpdir(), 'waggle-private-files-')));
afterAll(() => rmSync(home, { recursive: true }));
const bytes = new TextEncoder().encode('what we wrote');
let place = '';
let directory = '';
let path = '';
let round = 0;
beforeEach(() => {
  place = join(home, `${round++}`);
  directory = join(place, 'cache', 'tables');
  path = join(directory, 'one');
  expect(writePrivateFile(path, bytes)).toBe(true);
});

const read = () => readPrivateFile(path, 1000);

test('what we wrote is read again, and nobody else may read or write it', () => {
  expect(read()).toEqual(bytes);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  for (const made of [place, join(place, 'cache'), directory]) {
    expect(statSync(made).mode & 0o777).toBe(0o700);
  }
  expect(readdirSync(directory)).toEqual(['one']);
});

test('a file that others may write, a link, a folder or a pipe in its place is untrusted', () => {
  for (const mode of [0o620, 0o602, 0o666]) {
    chmodSync(path, mode);
    expect(read()).toBe('untrusted');
  }
  rmSync(path);
  expect(read()).toBe('absent');
  const elsewhere = join(place, 'elsewhere');
  writeFileSync(elsewhere, bytes, { mode: 0o600 });
  symlinkSync(elsewhere, path);
  expect(read()).toBe('untrusted');
  rmSync(path);
  mkdirSync(path);
  expect(read()).toBe('untrusted');
  rmSync(path, { recursive: true });
  expect(Bun.spawnSync(['mkfifo', path]).exitCode).toBe(0);
  expect(read()).toBe('untrusted');
  // Written over, not through.
  rmSync(path);
  symlinkSync(elsewhere, path);
  expect(writePrivateFile(path, Uint8Array.of(1))).toBe(true);
  expect(statSync(elsewhere).size).toBe(bytes.length);
  expect(read()).toEqual(Uint8Array.of(1));
});

test('a file that is too large is untrusted', () => {
  expect(readPrivateFile(path, bytes.length - 1)).toBe('untrusted');
  expect(readPrivateFile(path, bytes.length)).toEqual(bytes);
});

test('nothing is read or written in a directory that others may write, or a link to one', () => {
  for (const mode of [0o770, 0o707, 0o777, 0o1777]) {
    chmodSync(directory, mode);
    expect(read()).toBe('absent');
    expect(writePrivateFile(join(directory, 'two'), bytes)).toBe(false);
  }
  chmodSync(directory, 0o700);
  expect(read()).toEqual(bytes);
  const link = join(place, 'link');
  symlinkSync(directory, link);
  expect(readPrivateFile(join(link, 'one'), 1000)).toBe('absent');
  expect(writePrivateFile(join(link, 'two'), bytes)).toBe(false);
  expect(readdirSync(directory)).toEqual(['one']);
});

test('nor where others can put another directory in its place', () => {
  for (const mode of [0o770, 0o777]) {
    chmodSync(place, mode);
    expect(read()).toBe('absent');
    expect(writePrivateFile(join(place, 'new', 'two'), bytes)).toBe(false);
    expect(existsSync(join(place, 'new'))).toBe(false);
  }
  // As in /tmp: what is ours there, nobody else can move away.
  chmodSync(place, 0o1777);
  expect(read()).toEqual(bytes);
});

test('a way to it over a link of our own is fine', () => {
  const link = join(place, 'link');
  symlinkSync(join(place, 'cache'), link);
  expect(readPrivateFile(join(link, 'tables', 'one'), 1000)).toEqual(bytes);
});

rootTest('files and directories of somebody else, and what they link to', () => {
  chownSync(path, STRANGER, STRANGER);
  expect(read()).toBe('untrusted');
  chownSync(path, 0, 0);
  chownSync(directory, STRANGER, STRANGER);
  expect(read()).toBe('absent');
  expect(writePrivateFile(join(directory, 'two'), bytes)).toBe(false);
  chownSync(directory, 0, 0);
  chownSync(place, STRANGER, STRANGER);
  expect(read()).toBe('absent');
  chownSync(place, 0, 0);
  expect(read()).toEqual(bytes);
  // A hard link to a file of ours is of ours: what is in it says what it is of.
  linkSync(path, join(directory, 'linked'));
  expect(readPrivateFile(join(directory, 'linked'), 1000)).toEqual(bytes);
});

rootTest('root leaves nothing in the home of a user whose HOME it has', () => {
  const user = join(home, 'user');
  mkdirSync(user, { mode: 0o755 });
  lchownSync(user, STRANGER, STRANGER);
  expect(defaultCacheDirectory({ HOME: user })).toBe('/var/cache/waggle');
  expect(defaultCacheDirectory({ HOME: '/root', XDG_CACHE_HOME: user })).toBe('/var/cache/waggle');
  expect(writePrivateFile(join(user, '.cache', 'waggle', 'tables', 'one'), bytes)).toBe(false);
  expect(readdirSync(user)).toEqual([]);
});
