/**
 * The cgroups that a session is about, by their paths: an id changes where a cgroup is made again at its
 * path, as systemd does on every restart of a service. Userspace puts in who is there; the program at
 * cgroup_mkdir follows from then on (packages/bpf/bpf/followed_cgroups/), parents that are made again included.
 */

import { realpathSync, statfsSync, statSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { type FollowedRecord, followedBounds, followedCgroups } from '@waggle/bpf';
import { errnoOf } from '@waggle/ffi';
import { CgroupError } from '../errors.ts';
import type { LoadedSource } from '../sources/load-source.ts';
import { SourceMap } from '../sources/source-map.ts';

/** CGROUP2_SUPER_MAGIC of include/uapi/linux/magic.h */
const CGROUP2_MAGIC = 0x63677270;
const MAX_PATHS = 16;

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

const MAPS = followedCgroups.maps;

export class FollowedCgroups {
  /** Loads what follows them, at the first cgroup. */
  readonly #load: () => LoadedSource;
  #maps: FollowedMaps | undefined;
  /** As they were given, by the step. Steps are never used twice, so records of old ones name nobody. */
  #paths = new Map<number, string>();
  #last = 0;

  constructor(load: () => LoadedSource) {
    this.#load = load;
  }

  /** In the place of those before. @throws CgroupError, SystemError */
  set(paths: readonly string[]): void {
    if (paths.length > MAX_PATHS)
      throw new CgroupError(
        paths[MAX_PATHS] ?? '',
        `at most ${MAX_PATHS} cgroups can be filtered by`,
      );
    if (paths.length === 0 && this.#maps === undefined) return;
    let ways = paths.map(wayTo);
    this.#maps ??= mapsOf(this.#load());
    for (;;) {
      this.#clear(this.#maps);
      this.#put(this.#maps, paths, ways);
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

  #clear({ ids, steps }: FollowedMaps): void {
    this.#paths = new Map();
    // Names first: nothing is found by them any more when the ids go.
    for (const map of [steps, ids]) for (const _batch of map.raw.drain());
  }

  #put(
    { ids, steps: names }: FollowedMaps,
    paths: readonly string[],
    ways: readonly (readonly Place[])[],
  ): void {
    const ends = new Set(ways.map((way) => way.at(-1)?.id));
    // By id, because a cgroup may be mounted at several places.
    const steps = new Map<bigint, number>();
    for (const [index, way] of ways.entries()) {
      let above = 0;
      for (const { path, id } of way) {
        const step = steps.get(id) ?? this.#next(ends.has(id));
        if (!steps.has(id)) ids.set(id, step);
        steps.set(id, step);
        if (above !== 0) names.set({ above, name: basename(path) }, step);
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

/** The directories from the topmost that is mounted down to it. @throws CgroupError */
function wayTo(given: string): Place[] {
  const way: Place[] = [];
  try {
    const end = statSync(given, { bigint: true });
    if (!end.isDirectory() || statfsSync(given).type !== CGROUP2_MAGIC)
      throw new CgroupError(
        given,
        `${given} is not a cgroup v2 directory. On hosts that mix v1 and v2, v2 is usually at /sys/fs/cgroup/unified.`,
      );
    for (let path = withoutLinks(given, end.ino); ; path = dirname(path)) {
      const { dev, ino } = statSync(path, { bigint: true });
      if (dev !== end.dev) break;
      way.unshift({ path, id: ino });
      if (path === dirname(path)) break;
    }
  } catch (error) {
    if (error instanceof CgroupError) throw error;
    const why = errnoOf(error) ?? String(error);
    throw new CgroupError(
      given,
      `the cgroup ${given} cannot be opened: ${why}. Give the directory of a cgroup v2, for example /sys/fs/cgroup/system.slice.`,
    );
  }
  if (way.length > followedBounds.CGROUP_LEVELS_MAX)
    throw new CgroupError(
      given,
      `${given} lies too deep: ${followedBounds.CGROUP_LEVELS_MAX} levels can be followed`,
    );
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

interface FollowedMaps {
  readonly ids: SourceMap<typeof MAPS.followed_cgroups>;
  readonly steps: SourceMap<typeof MAPS.followed_steps>;
}

function mapsOf({ object }: LoadedSource): FollowedMaps {
  const { followed_cgroups: ids, followed_steps: steps } = MAPS;
  return {
    ids: new SourceMap(ids, object.map(ids.name)),
    steps: new SourceMap(steps, object.map(steps.name)),
  };
}
