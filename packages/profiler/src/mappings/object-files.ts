/**
 * The objects behind mappings: files, held open from the moment their mapping is first seen, so that
 * they can still be read when the process, its mount namespace or the file's name are gone. A file has
 * one descriptor, and an object for each content that it was mapped with.
 */

import { closeSync } from 'node:fs';
import { type Procfs, ProcfsError, RealProcfs } from '@waggle/cache';
import { fileStatus } from '@waggle/ffi';
import { ClosedFiles, type MayNotAnswer } from './closed-files.ts';
import type { AddressFields } from './code-places.ts';
import {
  contentOf,
  contentUnread,
  type FileContent,
  lastWritten,
  sameContent,
} from './file-content.ts';
import { openMapped } from './mapped-file.ts';
import type { NoContent, ObjectFile } from './object-file.ts';
import { DESCRIPTORS_ARE_SHARED } from './open-flags.ts';
import type { Mapping } from './perf-records.ts';

/** Of the descriptors that this process may have, left to everything else. */
const RESERVED_DESCRIPTORS = 324;
const USUAL_LIMIT = 1024;
/** The thread that reads files may need one of its own. */
const DESCRIPTORS_OF_A_FILE = DESCRIPTORS_ARE_SHARED ? 1 : 2;
/**
 * More than a host has mapped, and than are named in half a minute of builds. A file that was deleted stays
 * on its disk as long as it is open.
 */
const MAX_OPEN_FILES = 4096;

/**
 * What is mapped so soon after a file was looked at is taken to be of the same content: a host that starts programs maps
 * the same few libraries fifty times a second. Names are only ever read of what is there still (holdsItsContent()), so a
 * file that was written to meanwhile has none, and what maps it a moment later is looked at again.
 */
const LOOKED_AT_NS = 100_000_000n;

/** As the kernel calls the mapping of its own code for processes: see vdso(7). */
export const VDSO = '[vdso]';

interface Made extends ObjectFile {
  fd: number | undefined;
}

/** A content of a file, and from when to when it is known that the file held it. */
interface Version extends Made {
  content: FileContent | undefined;
  /** CLOCK_BOOTTIME in ns. */
  readonly since: bigint;
  until: bigint;
}

const NO_FILE = { fd: undefined, content: undefined, since: 0n, until: 0n } as const;

/** CLOCK_BOOTTIME, and what makes nanoseconds since the epoch of it. */
export interface FileClock {
  now(): bigint;
  toEpoch(): bigint;
}

export class ObjectFiles implements Disposable {
  /** Of each file the content that it was last seen with. */
  readonly #latest = new Map<string, Version>();
  readonly #names = new MappedNames();
  readonly #changed = new Map<string, ObjectFile>();
  /** Everything that was made of a file. */
  readonly #made = new Map<string, Made[]>();
  readonly #descriptors = new Set<number>();
  readonly #closedFiles: ClosedFiles;
  /** Files that were not held open, since too many were. */
  notHeld = 0;
  #hasForgotten = false;
  #versions = 0;
  readonly #maxOpen: number;

  readonly #clock: FileClock;
  readonly #procfs: Procfs;
  readonly #mayNotAnswer: MayNotAnswer;

  constructor(
    clock: FileClock,
    procfs: Procfs = new RealProcfs(),
    /** Whether the file of a mapping may not answer. */
    mayNotAnswer: MayNotAnswer = () => false,
  ) {
    this.#clock = clock;
    this.#procfs = procfs;
    this.#mayNotAnswer = mayNotAnswer;
    this.#closedFiles = new ClosedFiles(procfs, mayNotAnswer);
    this.#maxOpen = Math.min(
      Math.floor((descriptorLimit(procfs) - RESERVED_DESCRIPTORS) / DESCRIPTORS_OF_A_FILE),
      MAX_OPEN_FILES,
    );
  }

  /**
   * The object of a mapping, opened through the process that maps it when it is new.
   * @param time when it was mapped, CLOCK_BOOTTIME in ns; left out for a mapping that was there before
   *   anything was recorded: what its file holds now is what is executed
   */
  of(pid: number, mapping: Mapping, time?: bigint): ObjectFile {
    const name = this.#names.of(mapping);
    const latest = this.#latest.get(name);
    if (latest === undefined) return this.#openFile(name, pid, mapping, time);
    if (time === undefined) return latest;
    if (latest.fd === undefined)
      return latest.missing === 'gone' ? this.#openFile(name, pid, mapping, time) : latest;
    const isDue = latest.remote === undefined && time > latest.until + LOOKED_AT_NS;
    if (isDue && !this.#isStill(latest)) return this.#version(name, mapping, latest.fd, time);
    return time < latest.since ? this.#changedSince(name, latest) : latest;
  }

  /**
   * Opens a file again that is no longer held; the caller closes it. Undefined if it is still held, gone, or no longer
   * what was mapped.
   */
  reopen(object: ObjectFile): number | undefined {
    return this.#closedFiles.reopen(object);
  }

  /** Where code of a file that is not held open is in the object, by what its headers said. */
  placeOf(object: ObjectFile, offset: number): AddressFields {
    return this.#closedFiles.placeOf(object, offset);
  }

  /** How many files are open. */
  get open(): number {
    return this.#descriptors.size;
  }

  /**
   * Closes and forgets the files of which nothing is used. Nobody may be reading them.
   * @param isMapped whether a mapping that nobody has asked about yet is of the file of that number
   */
  forget(isUsed: (object: ObjectFile) => boolean, isMapped: (number: string) => boolean): void {
    for (const [name, made] of this.#made) {
      const pathLength = made[0]?.path.length ?? 0;
      if (isMapped(name.slice(0, name.length - pathLength)) || made.some(isUsed)) {
        this.#forgetVersions(name, made, isUsed);
        continue;
      }
      for (const object of made) {
        if (object.fd !== undefined && this.#descriptors.delete(object.fd)) closeSync(object.fd);
        // The number will be another file's.
        object.fd = undefined;
      }
      this.#made.delete(name);
      this.#latest.delete(name);
      this.#changed.delete(name);
      this.#hasForgotten = true;
    }
  }

  /** Of a file that is written again and again while it is mapped. */
  #forgetVersions(name: string, made: Made[], isUsed: (object: ObjectFile) => boolean): void {
    const needed = new Set<ObjectFile | undefined>([
      this.#latest.get(name),
      this.#changed.get(name),
    ]);
    const kept = made.filter((object) => needed.has(object) || isUsed(object));
    if (kept.length < made.length) this.#made.set(name, kept);
  }

  #note(name: string, object: Made): void {
    const made = this.#made.get(name);
    if (made === undefined) this.#made.set(name, [object]);
    else made.push(object);
  }

  [Symbol.dispose](): void {
    for (const fd of this.#descriptors) closeSync(fd);
    this.#descriptors.clear();
    this.#made.clear();
    this.#latest.clear();
    this.#changed.clear();
  }

  #openFile(name: string, pid: number, mapping: Mapping, time?: bigint): ObjectFile {
    if (!isFile(mapping)) return this.#remember(name, mapping, undefined);
    const now = this.#clock.now();
    const toEpoch = this.#clock.toEpoch();
    const mapped = (time ?? now) + toEpoch;
    const times = { mapped, now: now + toEpoch };
    const file = openMapped(this.#procfs, pid, mapping, this.#mayNotAnswer(pid, mapping), times);
    if (file === undefined) return this.#remember(name, mapping, 'gone');
    const { fd, isRemote } = file;
    if (isRemote) return this.#remoteFile(name, mapping, fd);
    if (isMemory(mapping) && isGenerated({ ...mapping, content: readContent(fd) })) {
      // Nothing is read of it, and a descriptor would keep memory whose process has ended.
      closeSync(fd);
      return this.#remember(name, mapping, undefined);
    }
    if (this.#descriptors.size >= this.#maxOpen) return this.#closeAgain(name, pid, mapping, fd);
    this.#descriptors.add(fd);
    return this.#version(name, mapping, fd, time);
  }

  /** A remote file is never touched here, since its server may not answer: what the kernel said of it is all. */
  #remoteFile(name: string, mapping: Mapping, fd: number): ObjectFile {
    if (this.#descriptors.size >= this.#maxOpen || isMemory(mapping)) {
      closeSync(fd);
      return this.#remember(name, mapping, isMemory(mapping) ? undefined : 'limit');
    }
    this.#descriptors.add(fd);
    const until = this.#clock.now();
    const content = contentUnread(fileStatus(fd));
    const file = { fd, content, since: 0n, until, remote: mapping.device };
    return this.#remember(name, mapping, undefined, file);
  }

  /** Too many are open: it is opened once more when names are wanted, if it is there still. */
  #closeAgain(name: string, pid: number, mapping: Mapping, fd: number): ObjectFile {
    try {
      const object = this.#remember(name, mapping, 'limit', {
        ...NO_FILE,
        content: readContent(fd),
      });
      this.#closedFiles.add(object, fd, pid, mapping);
      this.notHeld++;
      return object;
    } finally {
      closeSync(fd);
    }
  }

  /** What the file holds now, if it held that when it was mapped. */
  #version(name: string, mapping: Mapping, fd: number, time?: bigint): ObjectFile {
    const until = this.#clock.now();
    const toEpoch = this.#clock.toEpoch();
    const content = readContent(fd);
    if (content === undefined) return this.#remember(name, mapping, 'gone');
    const since = lastWritten(content, until + toEpoch) - toEpoch;
    const version = this.#remember(name, mapping, undefined, { fd, content, since, until });
    return time !== undefined && time < since ? this.#changedSince(name, version) : version;
  }

  #remember(
    name: string,
    { path }: Mapping,
    missing: NoContent | undefined,
    file: Pick<Version, 'fd' | 'content' | 'since' | 'until' | 'remote'> = NO_FILE,
  ): Version {
    // What was forgotten may be remembered elsewhere, by its key.
    const isFirst = !this.#hasForgotten && !this.#latest.has(name);
    const key = isFirst ? name : `${name} ${++this.#versions}`;
    const version: Version = { key, path, missing, ...file };
    this.#note(name, version);
    this.#latest.set(name, version);
    return version;
  }

  #isStill(version: Version): boolean {
    const { fd, content } = version;
    if (fd === undefined || content === undefined) return true;
    const until = this.#clock.now();
    const now = contentNow(fd, content);
    if (now === undefined) return false;
    version.content = now;
    version.until = until;
    return true;
  }

  /** It was written to after it was mapped: what it held then is no more. */
  #changedSince(name: string, { path, fd }: Version): ObjectFile {
    const known = this.#changed.get(name);
    if (known !== undefined) return known;
    // The descriptor is of use still: what is executed now is what the file holds now.
    const object: Made = {
      key: this.#hasForgotten ? `${name} changed ${++this.#versions}` : `${name} changed`,
      path,
      fd,
      content: undefined,
      missing: 'changed',
    };
    this.#changed.set(name, object);
    this.#note(name, object);
    return object;
  }
}

/** More paths than a host maps again and again. */
const MAX_NAMES = 1024;

/** What files of mappings go by here: a text, which nearly always is that of an earlier mapping of its path. */
class MappedNames {
  readonly #known = new Map<
    string,
    Pick<Mapping, 'device' | 'inode'> & { readonly name: string }
  >();

  of(mapping: Mapping): string {
    const { path, device, inode } = mapping;
    const known = this.#known.get(path);
    if (known?.device === device && known.inode === inode) return known.name;
    const name = `${numberOf(mapping)}${path}`;
    if (this.#known.size >= MAX_NAMES) this.#known.clear();
    this.#known.set(path, { device, inode, name });
    return name;
  }
}

/** The same without its path, which may be long: for who looks at all mappings of all processes. */
export function numberOf({ device, inode }: Mapping): string {
  return `${device}:${inode}:`;
}

/** Whether the file holds what it held when it was mapped, as far as that is known. */
export function holdsItsContent({ fd, content, missing, remote }: ObjectFile): boolean {
  // Who reads it compares (remote-files.ts).
  if (remote !== undefined) return missing !== 'changed';
  if (fd === undefined || content === undefined) return missing !== 'changed';
  return contentNow(fd, content) !== undefined;
}

/**
 * Whether it is memory that code is generated into. perf_event_open(2) calls anonymous memory
 * `//anon`; a file in memory may be a program as well.
 */
export function isGenerated({ path, content }: Pick<ObjectFile, 'path' | 'content'>): boolean {
  if (path.startsWith('/memfd:')) return content?.isElf !== true;
  if (!path.startsWith('/')) return path !== VDSO;
  return path.startsWith('//') || path.startsWith('/dev/zero');
}

/** Memory that the kernel gives as a file. */
function isMemory({ path }: Mapping): boolean {
  return path.startsWith('/memfd:') || path.startsWith('/dev/zero');
}

/** Not memory without a file. */
function isFile({ path }: Mapping): boolean {
  return path.startsWith('/') && !path.startsWith('//');
}

/** As sameContent(); undefined as well when the file cannot be asked, its server being gone. */
function contentNow(fd: number, before: FileContent): FileContent | undefined {
  try {
    return sameContent(fd, before);
  } catch {
    return undefined;
  }
}

function readContent(fd: number): FileContent | undefined {
  try {
    return contentOf(fd);
  } catch {
    return undefined;
  }
}

/** Bun raises the soft limit to the hard one as it starts. */
function descriptorLimit(procfs: Procfs): number {
  try {
    return procfs.limits('self').get('Max open files')?.soft ?? USUAL_LIMIT;
  } catch (error) {
    if (error instanceof ProcfsError) return USUAL_LIMIT;
    throw error;
  }
}
