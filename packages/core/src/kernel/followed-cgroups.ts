// The cgroups that a session is about, by their paths: an id changes where a cgroup is made again at its
// path, as systemd does on every restart of a service. Userspace puts in who is there; the program at
// cgroup_mkdir follows from then on (packages/bpf/bpf/followed.h), parents that are made again included.

import { Buffer } from 'node:buffer';
import { realpathSync, statfsSync, statSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { cgroupStep, type FollowedRecord, followedBounds, MAPS } from '@waggle/bpf';
import type { BpfMap, BpfObject } from '@waggle/ffi';
import { BadCgroup } from '../errors/errors.ts';

/** CGROUP2_SUPER_MAGIC of include/uapi/linux/magic.h */
const CGROUP2_MAGIC = 0x63677270;
const MOST_PATHS = 16;

/** A directory on the way: the cgroup there now. */
interface Place {
  readonly path: string;
  readonly id: bigint;
}

/** A followed cgroup that was removed, or is there again. */
export interface FollowedChange {
  readonly path: string;
  readonly exists: boolean;
}

export class FollowedCgroups {
  readonly #ids: BpfMap;
  readonly #steps: BpfMap;
  /** As they were given, by the step. Steps are never used twice, so records of old ones name nobody. */
  #paths = new Map<number, string>();
  #last = 0;

  constructor(object: BpfObject) {
    this.#ids = object.map(MAPS.followedCgroups);
    this.#steps = object.map(MAPS.followedSteps);
  }

  /** In the place of those before. @throws BadCgroup */
  set(paths: readonly string[]): void {
    if (paths.length > MOST_PATHS)
      throw new BadCgroup({
        path: paths[MOST_PATHS] ?? '',
        message: `at most ${MOST_PATHS} cgroups can be filtered by`,
      });
    let ways = paths.map(wayTo);
    for (;;) {
      this.#clear();
      this.#put(paths, ways);
      // What was made while they were put in is not followed by the kernel: it did not know the parent.
      const now = paths.map(wayTo);
      if (same(ways, now)) return;
      ways = now;
    }
  }

  /** What a record of the ring says; undefined where it is of a target before. */
  changeOf({ step, exists }: FollowedRecord): FollowedChange | undefined {
    const path = this.#paths.get(step);
    return path === undefined ? undefined : { path, exists };
  }

  #clear(): void {
    this.#paths = new Map();
    // Names first: nothing is found by them any more when the ids go.
    for (const map of [this.#steps, this.#ids]) for (const _batch of map.drain());
  }

  #put(paths: readonly string[], ways: readonly (readonly Place[])[]): void {
    const ends = new Set(ways.map((way) => way.at(-1)?.id));
    // By id, because a cgroup may be mounted at several places.
    const steps = new Map<bigint, number>();
    for (const [index, way] of ways.entries()) {
      let above = 0;
      for (const { path, id } of way) {
        const step = steps.get(id) ?? this.#next(ends.has(id));
        if (!steps.has(id)) this.#ids.set(u64(id), u32(step));
        steps.set(id, step);
        if (above !== 0) this.#steps.set(keyOf(above, basename(path)), u32(step));
        above = step;
      }
      if (!this.#paths.has(above)) this.#paths.set(above, paths[index] ?? '');
    }
  }

  #next(followed: boolean): number {
    this.#last++;
    return followed ? this.#last | followedBounds.CGROUP_FOLLOWED : this.#last;
  }
}

/** The directories from the topmost that is mounted down to it. @throws BadCgroup */
function wayTo(given: string): Place[] {
  const way: Place[] = [];
  try {
    const end = statSync(given, { bigint: true });
    if (!end.isDirectory() || statfsSync(given).type !== CGROUP2_MAGIC)
      throw new BadCgroup({
        path: given,
        message: `${given} is not a cgroup v2 directory. On hosts that mix v1 and v2, v2 is usually at /sys/fs/cgroup/unified.`,
      });
    for (let path = withoutLinks(given, end.ino); ; path = dirname(path)) {
      const { dev, ino } = statSync(path, { bigint: true });
      if (dev !== end.dev) break;
      way.unshift({ path, id: ino });
      if (path === dirname(path)) break;
    }
  } catch (error) {
    if (error instanceof BadCgroup) throw error;
    const why = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new BadCgroup({
      path: given,
      message: `the cgroup ${given} cannot be opened: ${why}. Give the directory of a cgroup v2, for example /sys/fs/cgroup/system.slice.`,
    });
  }
  if (way.length > followedBounds.CGROUP_LEVELS_MAX)
    throw new BadCgroup({
      path: given,
      message: `${given} lies too deep: ${followedBounds.CGROUP_LEVELS_MAX} levels can be followed`,
    });
  return way;
}

/** A link of /proc (`/proc/PID/root`) leads to another place than its text says. */
function withoutLinks(path: string, inode: bigint): string {
  try {
    const real = realpathSync(path);
    if (statSync(real, { bigint: true }).ino === inode) return real;
  } catch {
    // The text leads nowhere.
  }
  return resolve(path);
}

function same(a: readonly (readonly Place[])[], b: readonly (readonly Place[])[]): boolean {
  const ids = (ways: readonly (readonly Place[])[]) =>
    ways.map((way) => way.map(({ id }) => id).join()).join(';');
  return ids(a) === ids(b);
}

function keyOf(above: number, name: string): Uint8Array {
  const key = Buffer.alloc(cgroupStep.size);
  key.writeUInt32LE(above, cgroupStep.offset.above);
  key.write(name, cgroupStep.offset.name, cgroupStep.bytes.name - 1);
  return key;
}

function u32(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}

function u64(value: bigint): Uint8Array {
  return new Uint8Array(BigUint64Array.of(value).buffer);
}
