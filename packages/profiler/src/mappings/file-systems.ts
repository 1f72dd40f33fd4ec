/**
 * Which files may not answer: those of file systems that ask a process or another host (FUSE, NFS, ...), overlays
 * that may lie over one, and those of mounts that nobody can name, as one that was unmounted while a program runs
 * from it. A look at one of them may take for ever. Told by what /proc says of mounts: nothing here asks a file system.
 */

import { type MountInfo, type Procfs, ProcfsError } from '@waggle/cache';
import type { Native } from '@waggle/ffi';
import { isRemoteFileSystem, overlayMayNotAnswer } from '@waggle/symbols';
import type { Mapping } from './perf-records.ts';

/** A number of a device is used again once its mount is gone. */
const KNOWN_MS = 1000;
const OVERLAY = 'overlay';

export class FileSystems {
  /** By device: whether a file there may not answer, or that it is an overlay of which nobody has asked yet. */
  #known = new Map<string, boolean | typeof OVERLAY>();
  #knownSince = Number.NEGATIVE_INFINITY;

  readonly #procfs: Procfs;
  readonly #ownMemory: string | undefined;
  readonly #overlayMayNotAnswer: typeof overlayMayNotAnswer;

  /** @param ownMemory the device of memory that the kernel shows as files; see memoryDevice() */
  constructor(
    procfs: Procfs,
    ownMemory?: string,
    ofOverlay: typeof overlayMayNotAnswer = overlayMayNotAnswer,
  ) {
    this.#procfs = procfs;
    this.#ownMemory = ownMemory;
    this.#overlayMayNotAnswer = ofOverlay;
  }

  mayNotAnswer(pid: number, { device }: Mapping): boolean {
    const now = performance.now();
    if (now - this.#knownSince > KNOWN_MS) {
      this.#known = this.#ownMounts();
      this.#knownSince = now;
    }
    const known = this.#known.get(device);
    if (typeof known === 'boolean') return known;
    const type = known ?? this.#mountsOf(pid)?.find((each) => each.device === device)?.type;
    const may = this.#mayTypeNotAnswer(type, device, pid);
    this.#known.set(device, may);
    return may;
  }

  #mayTypeNotAnswer(type: string | undefined, device: string, pid: number): boolean {
    if (type === undefined) return true;
    return type === OVERLAY
      ? this.#overlayMayNotAnswer(device, `/proc/${pid}`)
      : isRemoteFileSystem(type);
  }

  /** The root's own has answered already. A host of containers has hundreds of overlays: each is looked into when it is asked about. */
  #ownMounts(): Map<string, boolean | typeof OVERLAY> {
    const mounts = this.#mountsOf('self') ?? [];
    const known = new Map<string, boolean | typeof OVERLAY>(
      mounts.map(({ device, type }) => [
        device,
        type === OVERLAY ? OVERLAY : isRemoteFileSystem(type),
      ]),
    );
    const root = mounts.findLast(({ mountPoint }) => mountPoint === '/');
    if (root !== undefined) known.set(root.device, false);
    if (this.#ownMemory !== undefined) known.set(this.#ownMemory, false);
    return known;
  }

  #mountsOf(pid: number | 'self'): readonly MountInfo[] | undefined {
    try {
      return this.#procfs.mountinfo(pid);
    } catch (error) {
      if (error instanceof ProcfsError) return undefined;
      throw error;
    }
  }
}

/**
 * `major:minor` of the file system that is mounted nowhere and holds memfd_create(2), System V shared memory
 * and shared memory without a name: that of a page of the last kind. Undefined where /proc does not say.
 */
export function memoryDevice(native: Native, procfs: Procfs): string | undefined {
  const { libc, pageSize } = native;
  const [PROT_READ, MAP_SHARED, MAP_ANONYMOUS, NONE] = [1, 1, 0x20, 0];
  const address = libc.mmap(NONE as never, pageSize, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (address >= 2 ** 63) return undefined;
  try {
    const start = Number(address);
    return procfs.maps('self').find((each) => each.start === start)?.device;
  } catch (error) {
    if (error instanceof ProcfsError) return undefined;
    throw error;
  } finally {
    libc.munmap(address, pageSize);
  }
}
