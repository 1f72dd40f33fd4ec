/**
 * How many more tasks the cgroup of this process may have: threads count as well as processes. A runtime
 * that gets no thread ends in a crash report, or waits for ever; so it is found before anything is loaded.
 * See "PID" in the kernel's Documentation/admin-guide/cgroup-v2.rst.
 */

import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { KernelRefused } from '../errors/errors.ts';

/** The threads that wait, watch and read, a command, and what the runtime starts by itself. */
const NEEDED = 8;
/** Where the pids controller is mounted: version 1, version 2, both. */
const MOUNTS = ['/sys/fs/cgroup/pids', '/sys/fs/cgroup', '/sys/fs/cgroup/unified'];

/** A cgroup with a limit, and how much of it is left. */
export interface TaskRoom {
  readonly cgroup: string;
  readonly limit: number;
  readonly left: number;
}

/** @throws KernelRefused */
export function expectTasks(): void {
  const room = leastRoom();
  if (room === undefined || room.left >= NEEDED) return;
  const { cgroup, limit, left } = room;
  throw new KernelRefused({
    code: 'EAGAIN',
    log: '',
    message: `the cgroup ${cgroup} may have ${limit} tasks, ${left} more than now, and waggle needs ${NEEDED} for its threads: raise the limit (pids.max; TasksMax= of a systemd unit, --pids-limit of a container)`,
    cause: undefined,
  });
}

/** Of its own cgroup and those above; undefined where no limit is known. */
export function leastRoom(
  read: (path: string) => string | undefined = textOf,
): TaskRoom | undefined {
  const path = pathIn(read('/proc/self/cgroup') ?? '');
  let least: TaskRoom | undefined;
  for (const mount of path === undefined ? [] : MOUNTS)
    for (let cgroup = path as string; ; cgroup = posix.dirname(cgroup)) {
      const [limit, now] = ['pids.max', 'pids.current'].map((name) =>
        Number.parseInt(read(join(mount, cgroup, name)) ?? '', 10),
      ) as [number, number];
      // NaN where there is no such file, or `max` in it.
      if (limit - now < (least?.left ?? Number.POSITIVE_INFINITY))
        least = { cgroup, limit, left: Math.max(0, limit - now) };
      if (cgroup === '/') break;
    }
  return least;
}

/** Of the pids controller where it has a hierarchy of its own, else that of version 2. */
function pathIn(cgroups: string): string | undefined {
  const own = /^\d+:(?:[^:]*,)?pids(?:,[^:]*)?:(\/.*)$/m.exec(cgroups)?.[1];
  const path = own ?? /^0::(\/.*)$/m.exec(cgroups)?.[1];
  return path === undefined ? undefined : posix.normalize(path);
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
