/**
 * The cgroups of a container, by its id or the beginning of it: the topmost directory of the cgroup v2 hierarchy
 * whose name says that id, as containerIdFromPath of the cache reads it. A container has one, or one on each of
 * several hierarchies that engines make for it and its payload.
 */

import { type Dirent, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { containerIdFromPath, type Procfs, RealProcfs } from '@waggle/cache';
import { BadCgroup } from '../errors/errors.ts';

/** Directories that are looked at: hosts have some hundred, and a thousand containers have ten each. */
const MAX_DIRECTORIES = 100_000;
/** Containers that are named where a beginning fits several. */
const MAX_NAMED = 5;
const SHORT_ID = 12;

/**
 * The directories of one container's cgroups.
 *
 * @param id of the container, or what it begins with
 * @param procfs says where the hierarchy is mounted
 * @throws BadCgroup where no container, or more than one, has such an id
 */
export function cgroupsOfContainer(
  id: string,
  procfs: Pick<Procfs, 'mountinfo'> = new RealProcfs(),
): readonly string[] {
  const found = new Map<string, string[]>();
  for (const { path, containerId } of containersBelow(cgroupRoot(procfs))) {
    if (!containerId.startsWith(id)) continue;
    const paths = found.get(containerId);
    if (paths === undefined) found.set(containerId, [path]);
    else paths.push(path);
  }
  const exact = found.get(id);
  if (exact !== undefined) return exact;
  const [only, ...others] = found;
  if (only === undefined)
    throw new BadCgroup({
      path: id,
      message: `no container runs here whose id begins with ${JSON.stringify(id)}; \`docker ps\`, \`podman ps\` and \`crictl ps\` list ids`,
    });
  if (others.length > 0)
    throw new BadCgroup({
      path: id,
      message: `several containers have an id that begins with ${JSON.stringify(id)}: ${named([...found.keys()].sort())}; give more of it`,
    });
  return only[1];
}

function named(ids: readonly string[]): string {
  const shown = ids
    .slice(0, MAX_NAMED)
    .map((id) => JSON.stringify(id.slice(0, Math.max(SHORT_ID, 0))));
  return ids.length > MAX_NAMED
    ? `${shown.join(', ')} and ${ids.length - MAX_NAMED} more`
    : shown.join(', ');
}

/** Where the v2 hierarchy is mounted, of which processes' cgroups are told. @throws BadCgroup */
function cgroupRoot(procfs: Pick<Procfs, 'mountinfo'>): string {
  const mount = procfs.mountinfo('self').find(({ type }) => type === 'cgroup2');
  if (mount !== undefined) return mount.mountPoint;
  throw new BadCgroup({
    path: '',
    message:
      'no cgroup v2 hierarchy is mounted here, by which containers are followed; `mount -t cgroup2 none /mnt` mounts it',
  });
}

interface FoundContainer {
  readonly path: string;
  readonly containerId: string;
}

/** The topmost directories of containers, those inside of containers included. */
function* containersBelow(root: string): Generator<FoundContainer> {
  const waiting: {
    readonly path: string;
    readonly within: string;
    readonly above: string | undefined;
  }[] = [{ path: root, within: '', above: undefined }];
  let seen = 0;
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { path, within, above } = next;
    const containerId = within === '' ? undefined : containerIdFromPath(within);
    if (containerId !== undefined && containerId !== above) yield { path, containerId };
    if (++seen > MAX_DIRECTORIES) return;
    for (const entry of directoriesIn(path))
      waiting.push({
        path: join(path, entry.name),
        within: `${within}/${entry.name}`,
        above: containerId,
      });
  }
}

/** Cgroups come and go while they are looked at. */
function directoriesIn(path: string): readonly Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  } catch {
    return [];
  }
}
