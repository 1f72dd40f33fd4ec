/**
 * The folder in which a process leaves its perf map: /tmp of its mount namespace, held open, so that a
 * map which is written last of all is found when the process and its namespace are gone. Anybody can
 * write there: only a regular file of the process's user or root counts, and no link is followed.
 */
import { fstatSync } from 'node:fs';
import { openDirectoryUnderRoot, openInDirectory } from '../debug-files/chroot-path.ts';
import { closeFile } from '../descriptors.ts';
import type { MapOwner } from './map-owner.ts';
import { PerfMap, type PerfMapOptions } from './perf-map.ts';

export interface MapSearch extends PerfMapOptions {
  /** A file that was last written to before that, in ms since the epoch, is an earlier process's. */
  readonly writtenAfter?: number | undefined;
}

/** What reads a map and goes on with another file. */
export interface FollowedMap {
  isSame(fd: number): boolean;
  replace(fd: number, now: number): void;
}

export class PerfMapFolder implements Disposable {
  #fd: number;

  private constructor(
    fd: number,
    /** Device and inode: processes of one mount namespace have the same. */
    readonly key: string,
  ) {
    this.#fd = fd;
  }

  /** That of a running process; undefined when it is gone, or has no /tmp. */
  static ofProcess(pid: number): PerfMapFolder | undefined {
    return PerfMapFolder.of(`/proc/${pid}/root`, '/tmp');
  }

  /** The folder at `path` below `root`; undefined when there is none. */
  static of(root: string, path: string): PerfMapFolder | undefined {
    const fd = openDirectoryUnderRoot(root, path);
    if (fd === undefined) return undefined;
    const { dev, ino } = fstatSync(fd);
    return new PerfMapFolder(fd, `${dev}:${ino}`);
  }

  /** The map of a process, not read yet; undefined when there is none that can be trusted. */
  open(owner: MapOwner, search: MapSearch = {}): PerfMap | undefined {
    const { writtenAfter, ...limits } = search;
    const fd = this.openFile(owner, { writtenAfter });
    return fd === undefined ? undefined : new PerfMap(fd, limits);
  }

  /** The map's open file, which the caller closes; undefined as for open(). */
  openFile({ innerPid, uid }: MapOwner, search: MapSearch = {}): number | undefined {
    const { writtenAfter = 0 } = search;
    if (this.#fd < 0) return undefined;
    const fd = openInDirectory(this.#fd, `perf-${innerPid}.map`);
    if (fd === undefined) return undefined;
    const file = fstatSync(fd);
    if ((file.uid === uid || file.uid === 0) && file.mtimeMs >= writtenAfter) return fd;
    closeFile(fd);
    return undefined;
  }

  /** Lets `map` go on with the file that has its name now, if another one took its place. */
  follow(map: FollowedMap, owner: MapOwner, now: number, search: MapSearch = {}): void {
    const fd = this.openFile(owner, search);
    if (fd === undefined) return;
    if (map.isSame(fd)) closeFile(fd);
    else map.replace(fd, now);
  }

  close(): void {
    if (this.#fd >= 0) closeFile(this.#fd);
    this.#fd = -1;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
