// Control groups that a test makes, in whatever hierarchies this host has mounted.

import { mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isSystemError } from '@waggle/symbols/system-error';
import { eventually } from './deadline.ts';
import { run } from './processes.ts';

/** Mount points of cgroup file systems: v2 as `v2`, v1's by each of their options. */
const mounts = new Map<string, string>();
for (const line of readFileSync('/proc/self/mounts', 'utf8').split('\n')) {
  const [, point = '', type, options = ''] = line.split(' ');
  if (type === 'cgroup2' && !mounts.has('v2')) mounts.set('v2', point);
  if (type === 'cgroup') for (const option of options.split(',')) mounts.set(option, point);
}

/** `v2`, a controller of v1, or `name=systemd`; undefined where it is not mounted. */
export function cgroupMount(hierarchy: string): string | undefined {
  return mounts.get(hierarchy);
}

/** The first writable hierarchy of v1 among these. */
export function firstCgroupMount(...hierarchies: string[]): string | undefined {
  return hierarchies.flatMap((hierarchy) => mounts.get(hierarchy) ?? [])[0];
}

export interface TestCgroup extends AsyncDisposable {
  readonly path: string;
  /** Runs a program in it: a shell moves itself there and becomes the program. */
  run(...command: string[]): Promise<unknown>;
  /** Removes it, once everybody in it has ended. */
  remove(): Promise<void>;
}

/** A new cgroup with those above it that are missing; removed when it goes out of scope. */
export function newCgroup(parent: string, ...names: string[]): TestCgroup {
  const path = join(parent, ...names);
  mkdirSync(path, { recursive: true });
  const remove = async () => {
    const isEmpty = () => readFileSync(join(path, 'cgroup.procs'), 'utf8').trim() === '';
    await eventually(`${path} to be empty`, isEmpty);
    rmdirSync(path);
  };
  return {
    path,
    run: (...command) =>
      run('sh', '-c', 'echo $$ > "$0/cgroup.procs" && exec "$@"', path, ...command),
    remove,
    async [Symbol.asyncDispose]() {
      await remove();
      for (let above = dirname(path); above.length > parent.length; above = dirname(above))
        removeIfEmpty(above);
    },
  };
}

/** Another cgroup may still be in it. */
function removeIfEmpty(path: string): void {
  try {
    rmdirSync(path);
  } catch (error) {
    if (!isSystemError(error) || !['EBUSY', 'ENOTEMPTY', 'ENOENT'].includes(error.code))
      throw error;
  }
}
