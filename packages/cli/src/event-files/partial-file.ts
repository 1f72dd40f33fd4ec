/**
 * A file that grows while events come: under the name FILE.partial, so that a FILE is whole, and what a
 * kill leaves can be told from it. Nobody else's file of that name is written to; where there is one from
 * before, the next free name is taken.
 */

import {
  closeSync,
  constants,
  fsyncSync,
  ftruncateSync,
  openSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { giveToOwner, OutputFailed, settle } from '../profile-files/output-file.ts';
import { inWords, NEW_FILE, type OutputPlace, placeOf } from '../profile-files/output-place.ts';

/** Of earlier recordings that were killed. */
const MAX_REMAINS = 100;

/** A place where a file may grow. @throws OutputFailed */
export function growingPlace(path: string): OutputPlace {
  const place = placeOf(path);
  if (typeof place === 'string') throw new OutputFailed(place);
  return place;
}

/** Calls `make` with FILE.partial, FILE.partial2, … until one is free. @throws OutputFailed */
export function withFreeName<Made>(
  { path, name }: OutputPlace,
  ending: string,
  make: (entry: string) => Made,
): { readonly entry: string; readonly made: Made } {
  for (let number = 1; number <= MAX_REMAINS; number++) {
    const entry = `${name}.partial${number === 1 ? '' : number}${ending}`;
    try {
      return { entry, made: make(entry) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST')
        throw new OutputFailed(inWords(path, error));
    }
  }
  throw new OutputFailed(
    `${path} cannot be written: ${MAX_REMAINS} files like ${name}.partial${ending} are there from earlier recordings; remove them`,
  );
}

export class PartialFile {
  readonly place: OutputPlace;
  /** Where it grows. */
  readonly entry: string;
  /** Bytes so far. */
  length = 0;
  readonly #fd: number;
  /** Held open, so that nobody puts another folder in its place meanwhile. */
  readonly #folder: number;
  #isOpen = true;

  /**
   * @param ending of its name while it grows, behind `.partial`.
   * @throws OutputFailed
   */
  constructor(path: string, ending = '') {
    this.place = growingPlace(path);
    const { directory } = this.place;
    try {
      this.#folder = openSync(
        directory,
        constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW,
      );
    } catch (error) {
      throw new OutputFailed(inWords(path, error));
    }
    try {
      const { entry, made } = withFreeName(this.place, ending, (name) =>
        openSync(this.#inFolder(name), NEW_FILE, 0o600),
      );
      this.entry = entry;
      this.#fd = made;
    } catch (error) {
      closeSync(this.#folder);
      throw error;
    }
    giveToOwner(this.#fd, this.place);
  }

  /** One with its first bytes in it. @throws OutputFailed */
  static begin(path: string, header: Uint8Array): PartialFile {
    const file = new PartialFile(path);
    try {
      file.append(header);
    } catch (error) {
      file.discard();
      throw new OutputFailed(inWords(path, error));
    }
    return file;
  }

  /** Its path while it grows. */
  get location(): string {
    return `${this.place.directory}/${this.entry}`;
  }

  /** To read it while it is there: nobody can have put another in its place. */
  get readablePath(): string {
    return `/proc/self/fd/${this.#fd}`;
  }

  /** All or nothing. @throws the system's error */
  append(bytes: Uint8Array): void {
    try {
      for (let written = 0; written < bytes.length; )
        written += writeSync(this.#fd, bytes, written);
    } catch (error) {
      // What came before is to be read by others: it does not end in the middle of a line.
      ftruncateSync(this.#fd, this.length);
      throw error;
    }
    this.length += bytes.length;
  }

  /** Puts it in its place. @throws OutputFailed, and then it stays where it grew. */
  finish(): void {
    const { path, name } = this.place;
    try {
      fsyncSync(this.#fd);
      settle(this.#fd, this.place, true);
      renameSync(this.#inFolder(this.entry), this.#inFolder(name));
    } catch (error) {
      throw new OutputFailed(
        `${inWords(path, error)}; what was to be there is in ${this.location}`,
      );
    } finally {
      this.close();
    }
  }

  /** It is short: it takes its place only where it replaces nothing. Where it is. */
  giveUp(): string {
    const { path, existing } = this.place;
    if (existing !== undefined) {
      this.close();
      return this.location;
    }
    try {
      this.finish();
      return path;
    } catch {
      return this.location;
    }
  }

  /** Leaves it where it is. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    closeSync(this.#fd);
    closeSync(this.#folder);
  }

  /** Removes it. */
  discard(): void {
    if (!this.#isOpen) return;
    unlinkSync(this.#inFolder(this.entry));
    this.close();
  }

  #inFolder(name: string): string {
    return `/proc/self/fd/${this.#folder}/${name}`;
  }
}
