/**
 * Opens a file as a process in another root sees it: `/proc/PID/root` with a path below. The kernel
 * resolves absolute symbolic links there against our own root, and `..` could leave; so each
 * component is opened relative to the descriptor of the one before, without following, and links
 * are read and walked here. What another process swaps meanwhile cannot lead out of the root.
 */
import { constants, fstatSync, readlinkSync } from 'node:fs';
import { closeFile, O_PATH, openFile } from '../descriptors.ts';
import { isSystemError } from '../system-error.ts';
import { LocalMounts } from './local-mounts.ts';

const STEP_FLAGS = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const FILE_FLAGS =
  constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;
/** As in the kernel (MAXSYMLINKS). */
const MAX_LINKS = 40;

/**
 * A read-only descriptor of the regular file at `path` under `root`; the caller closes it. Symbolic
 * links are followed inside the root, or not at all in the last component with `followLast: false`.
 * undefined when there is no such file, it is none that can be opened, or no regular one; and where the way
 * leads to a mount that may not answer (local-mounts.ts).
 */
export function openUnderRoot(
  root: string,
  path: string,
  options: { readonly followLast?: boolean | undefined } = {},
): number | undefined {
  const { followLast = true } = options;
  return walkUnderRoot(root, path, followLast, openRegular);
}

/** As openUnderRoot(), a directory: a descriptor (O_PATH) that leads to what is in it. */
export function openDirectoryUnderRoot(root: string, path: string): number | undefined {
  return walkUnderRoot(root, path, true, (place, mounts) => {
    const fd = openFile(place, STEP_FLAGS);
    if (mounts.has(fd)) return fd;
    closeFile(fd);
    return undefined;
  });
}

/** The regular file of that name in an open directory; as openUnderRoot() without links. */
export function openInDirectory(directory: number, name: string): number | undefined {
  try {
    return openRegular(`/proc/self/fd/${directory}/${name}`);
  } catch (error) {
    if (isSystemError(error)) return undefined;
    throw error;
  }
}

function walkUnderRoot(
  root: string,
  path: string,
  followLast: boolean,
  openLast: (place: string, mounts: LocalMounts) => number | undefined,
): number | undefined {
  const pending = path.split('/').reverse();
  // The open directories from the root to where we are; `..` at the root stays there.
  const walked: number[] = [];
  let links = 0;
  try {
    const top = openFile(root, O_PATH | constants.O_DIRECTORY);
    walked.push(top);
    const mounts = new LocalMounts(root, top);
    if (!mounts.has(top)) return undefined;
    for (;;) {
      const name = pending.pop();
      if (name === undefined) return undefined;
      if (name === '' || name === '.') continue;
      if (name === '..') {
        if (walked.length > 1) closeFile(walked.pop() as number);
        continue;
      }
      const place = `/proc/self/fd/${walked.at(-1)}/${name}`;
      const isLast = pending.every((rest) => rest === '' || rest === '.');
      const link = isLast && !followLast ? undefined : linkAt(place);
      if (link !== undefined) {
        if (++links > MAX_LINKS) return undefined;
        if (link.startsWith('/')) {
          for (const fd of walked.splice(1)) closeFile(fd);
        }
        pending.push(...link.split('/').reverse());
      } else if (isLast) {
        return openLast(place, mounts);
      } else {
        const step = openFile(place, STEP_FLAGS);
        walked.push(step);
        if (!mounts.has(step)) return undefined;
      }
    }
  } catch (error) {
    if (isSystemError(error)) return undefined;
    throw error;
  } finally {
    for (const fd of walked) closeFile(fd);
  }
}

/**
 * A regular file at `place`, not followed if it is a link. Looked at through O_PATH before it is
 * opened, since opening a device can have effects; throws the system's error.
 */
function openRegular(place: string, mounts?: LocalMounts): number | undefined {
  const probe = openFile(place, O_PATH | constants.O_NOFOLLOW);
  try {
    if (mounts?.has(probe) === false) return undefined;
    if (!fstatSync(probe).isFile()) return undefined;
    // Through the descriptor, so that what is opened is what was looked at.
    return openFile(`/proc/self/fd/${probe}`, FILE_FLAGS & ~constants.O_NOFOLLOW);
  } finally {
    closeFile(probe);
  }
}

function linkAt(place: string): string | undefined {
  try {
    return readlinkSync(place);
  } catch (error) {
    // EINVAL: it is there, and no link.
    if (isSystemError(error) && error.code === 'EINVAL') return undefined;
    throw error;
  }
}
