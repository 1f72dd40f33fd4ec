/**
 * Which overlays may not answer: those that lie over a file system that may not. A container's root is one as a rule, whose
 * layers are on a disk of the host, and which is to be looked into; but whoever may mount in a user namespace of his own
 * can put one over a FUSE server of his that falls silent. What the overlay itself says of its layers is text, of the mount
 * namespace and the moment in which it was mounted, and so of no use against him. Told instead by what he cannot change:
 *
 * - Where an overlay is in our own list of mounts or in that of the host's first process, root has mounted it. Its layers'
 *   paths are believed then, as root's mistake is all there may be. Relative ones (container engines shorten many layers
 *   so) and those that the list does not have are taken for local.
 * - Others are privately mounted: by a user, or by root in a container. In a user namespace only FUSE can be mounted of
 *   all that may not answer, and each of its servers, wherever it is mounted or was, is a folder of fusectl that belongs to
 *   its user. An overlay over one is there no sooner than that folder. So where no user but root has one, they answer.
 *
 * Nothing here asks the file system.
 */

import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isSystemError } from '../system-error.ts';
import { type Mount, mountinfoOf, parseMounts, rootDeviceOf, unescaped } from './mountinfo.ts';
import { isRemoteFileSystem } from './remote-types.ts';

/** A number of a device is used again once its mount is gone. */
const KNOWN_MS = 1000;
/** Overlays over overlays: FILESYSTEM_MAX_STACK_DEPTH of the kernel. */
const MAX_STACKED = 2;

/** Where to look; other than the host's in tests. */
export interface OverlaySources {
  /** Undefined where it cannot be read. */
  mountinfo(process: string): string | undefined;
  /**
   * Whether a user other than root serves a FUSE file system, or nobody can tell.
   * @param control where fusectl is mounted
   */
  usersMayServe(control: string | undefined): boolean;
  now(): number;
}

export class Overlays {
  /** By device. */
  #known = new Map<string, boolean>();
  #knownSince = Number.NEGATIVE_INFINITY;
  /** Of ourselves and the first process: those of a host of containers are thousands. */
  #trusted: readonly (readonly Mount[])[] | undefined;
  readonly #sources: OverlaySources;

  constructor(sources: OverlaySources = HOST) {
    this.#sources = sources;
  }

  /**
   * @param device `major:minor` of an overlay, as in proc_pid_mountinfo(5)
   * @param process `/proc/PID` of one that sees it
   */
  mayNotAnswer(device: string, process: string): boolean {
    const now = this.#sources.now();
    if (now - this.#knownSince > KNOWN_MS) {
      this.#known.clear();
      this.#trusted = undefined;
      this.#knownSince = now;
    }
    const known = this.#known.get(device);
    if (known !== undefined) return known;
    const may = this.#find(device, process);
    this.#known.set(device, may);
    return may;
  }

  #find(device: string, process: string): boolean {
    this.#trusted ??= ['/proc/self', '/proc/1'].map((each) => this.#mountsOf(each));
    const [own = []] = this.#trusted;
    const ownRoot = rootDeviceOf(own);
    if (device === ownRoot) return false;
    for (const mounts of this.#trusted) {
      const known = isOverRemote(device, mounts, ownRoot, MAX_STACKED);
      if (known !== undefined) return known;
    }
    return (
      isOverRemote(device, this.#mountsOf(process), ownRoot, MAX_STACKED) === true ||
      this.#sources.usersMayServe(own.findLast(({ type }) => type === 'fusectl')?.mountPoint)
    );
  }

  #mountsOf(process: string): readonly Mount[] {
    return parseMounts(this.#sources.mountinfo(process) ?? '');
  }
}

/** Undefined where the overlay is not in the list. @param answering a device that has answered already */
function isOverRemote(
  device: string,
  mounts: readonly Mount[],
  answering: string | undefined,
  depth: number,
): boolean | undefined {
  const overlay = mounts.find((each) => each.device === device && each.type === 'overlay');
  if (overlay === undefined) return undefined;
  return layersOf(overlay.options).some((path) => {
    const below = mountAt(path, mounts);
    if (below === undefined || below.device === answering) return false;
    if (below.type !== 'overlay') return isRemoteFileSystem(below.type);
    return depth > 0 && isOverRemote(below.device, mounts, answering, depth - 1) === true;
  });
}

/** Absolute paths of the folders that it consists of: ovl_show_options() of the kernel. */
function layersOf(options: string): readonly string[] {
  return options.split(',').flatMap((option) => {
    const [, name, value] = /^(lowerdir|upperdir|lowerdir\+|datadir\+)=(.*)$/.exec(option) ?? [];
    if (value === undefined) return [];
    const text = unescaped(value);
    const paths = name === 'lowerdir' ? text.split(/(?<!\\):/) : [text];
    return paths
      .map((path) => path.replaceAll(/\\(.)/g, '$1'))
      .filter((path) => path.startsWith('/'));
  });
}

/** The mount that is innermost there, and of several at one place the last. */
function mountAt(path: string, mounts: readonly Mount[]): Mount | undefined {
  let found: Mount | undefined;
  for (const mount of mounts) {
    const at = mount.mountPoint === '/' ? '' : mount.mountPoint;
    if (path !== at && !path.startsWith(`${at}/`)) continue;
    if (found === undefined || mount.mountPoint.length >= found.mountPoint.length) found = mount;
  }
  return found;
}

const HOST: OverlaySources = {
  mountinfo: mountinfoOf,
  usersMayServe,
  now: () => performance.now(),
};

/** By fusectl, which is mounted in the first user namespace alone and has the servers of all: fs/fuse/control.c. */
function usersMayServe(control: string | undefined): boolean {
  // The kernel has no FUSE, or has not loaded it yet.
  if (existsSync('/sys/fs') && !existsSync('/sys/fs/fuse')) return false;
  if (control === undefined) return true;
  try {
    return readdirSync(control).some((connection) => statSync(join(control, connection)).uid !== 0);
  } catch (error) {
    // One that is gone just now; the next look will tell.
    if (isSystemError(error)) return true;
    throw error;
  }
}

/** What is known of a device is so for everybody. */
const known = new Overlays();

/** As `mayNotAnswer` of Overlays, on this host. */
export function overlayMayNotAnswer(device: string, process: string): boolean {
  return known.mayNotAnswer(device, process);
}
