import { afterAll, expect, test } from 'bun:test';
import {
  chownSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PerfMapFolder } from './perf-map-folder.ts';

const home = mkdtempSync(join(tmpdir(), 'waggle-perf-map-folder-'));
afterAll(() => rmSync(home, { recursive: true }));

/** A folder of its own, though found by way of this process. */
function openFolder(name: string): { path: string; folder: PerfMapFolder } {
  const path = join(home, name);
  mkdirSync(path);
  const folder = PerfMapFolder.of('/', path);
  if (folder === undefined) throw new Error('the folder was not opened');
  return { path, folder };
}

const owner = { innerPid: 7, uid: process.getuid?.() ?? 0 };

test('a map that is written when the folder has lost its name', () => {
  const { path, folder } = openFolder('moved');
  expect(folder.open(owner)).toBeUndefined();
  renameSync(path, `${path}-away`);
  writeFileSync(`${path}-away/perf-7.map`, '1000 10 late\n');
  using map = folder.open(owner);
  map?.refresh();
  expect(map?.lookup(0x1000)?.name).toBe('late');
  folder.close();
  expect(folder.open(owner)).toBeUndefined();
});

test('a file that takes the place of the map', () => {
  const { path, folder } = openFolder('renamed');
  writeFileSync(`${path}/perf-7.map`, '1000 10 first\n');
  using map = folder.open(owner);
  if (map === undefined) throw new Error('there is a map');
  map.refresh(10);
  folder.follow(map, owner, 15);
  expect(map.editions).toBe(1);
  writeFileSync(`${path}/new`, '2000 10 second\n');
  renameSync(`${path}/new`, `${path}/perf-7.map`);
  folder.follow(map, owner, 20);
  map.refresh();
  expect(map.lookup(0x2000)?.name).toBe('second');
  expect(map.lookup(0x1000, 15)?.name).toBe('first');
  expect(map.lookup(0x1000)).toBeUndefined();
  // Not to one that nobody may trust.
  rmSync(`${path}/perf-7.map`);
  symlinkSync('/etc/passwd', `${path}/perf-7.map`);
  folder.follow(map, owner, 30);
  expect(map.editions).toBe(2);
  folder.close();
});

test('only a map of the process, its user or root', () => {
  const { path, folder } = openFolder('trust');
  const file = `${path}/perf-7.map`;
  symlinkSync('/etc/passwd', file);
  expect(folder.open(owner)).toBeUndefined();
  rmSync(file);
  mkdirSync(file);
  expect(folder.open(owner)).toBeUndefined();
  rmSync(file, { recursive: true });
  writeFileSync(file, '1000 10 old\n');
  const written = new Date('2020-01-01');
  utimesSync(file, written, written);
  expect(folder.open(owner, { writtenAfter: written.getTime() + 1 })).toBeUndefined();
  folder.open(owner, { writtenAfter: written.getTime() })?.close();
  if (owner.uid === 0) {
    chownSync(file, 4321, 4321);
    expect(folder.open(owner)).toBeUndefined();
    expect(folder.open({ ...owner, uid: 4321 })).toBeDefined();
  }
  folder.close();
});

test('that of a process', () => {
  using folder = PerfMapFolder.ofProcess(process.pid);
  using same = PerfMapFolder.of('/', '/tmp');
  expect(folder?.key).toBe(same?.key as string);
  expect(PerfMapFolder.ofProcess(2 ** 30)).toBeUndefined();
});
