// The cgroups of containers, in a hierarchy that is a folder of files here.

import { afterAll, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MountInfo } from '@waggle/cache';
import { MemoryProcfs } from '@waggle/cache/testing';
import { BadCgroup } from '../errors/errors.ts';
import { cgroupsOfContainer } from './container-cgroups.ts';

const root = mkdtempSync(join(tmpdir(), 'waggle-containers-'));
afterAll(() => rmSync(root, { recursive: true }));

const mounted = (type: string, mountPoint: string): MountInfo => ({
  ...{ id: 1, parentId: 0, device: '0:1', root: '/', source: 'none' },
  ...{ type, mountPoint },
});
const procfsWith = (...mountinfo: MountInfo[]) => {
  const procfs = new MemoryProcfs();
  procfs.spawn(procfs.self, { mountinfo });
  return procfs;
};
const procfs = procfsWith(mounted('tmpfs', '/'), mounted('cgroup2', root));

const idOf = (digits: string) => digits.padEnd(64, '0');
const [WEB, OTHER] = [idOf('abc1'), idOf('abc2')];
const at = (...names: string[]): string => {
  const path = join(root, ...names);
  mkdirSync(path, { recursive: true });
  return path;
};
const web = at('system.slice', `docker-${WEB}.scope`);
at('system.slice', `docker-${WEB}.scope`, 'init');
at('system.slice', `docker-${OTHER}.scope`);

test('the topmost directory of a container, by its id or what it begins with', () => {
  expect(cgroupsOfContainer(WEB, procfs)).toEqual([web]);
  expect(cgroupsOfContainer('abc1', procfs)).toEqual([web]);
});

test('one that is on two hierarchies, or within another, has several', () => {
  const inner = idOf('77');
  const [first, second] = [at(`crio-${inner}.scope`), at('machine.slice', `crio-${inner}.scope`)];
  expect(new Set(cgroupsOfContainer('77', procfs))).toEqual(new Set([first, second]));
});

test('none, and more than one, are told apart', () => {
  expect(() => cgroupsOfContainer('ffff', procfs)).toThrow(/no container runs here/);
  expect(() => cgroupsOfContainer('abc', procfs)).toThrow(
    /several containers .*"abc100000000", "abc200000000"; give more of it/,
  );
});

test('without the v2 hierarchy there is nothing to follow by', () => {
  expect(() => cgroupsOfContainer(WEB, procfsWith(mounted('cgroup', root)))).toThrow(BadCgroup);
});
