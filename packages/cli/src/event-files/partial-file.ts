/**
 * A file that grows while events come: under the name FILE.partial, so that a FILE is whole, and what a
 * kill leaves can be told from it. Nobody else's file of that name is written to; where there is one from
 * before, the next free name is taken.
 */

import { closeSync, fsyncSync, ftruncateSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { isSystemError } from '@waggle/symbols/system-error';
import { giveToOwner, OutputFailed, settle } from '../profile-files/output-file.ts';
import {
  type HeldPlace,
  holdPlace,
  inWords,
  NEW_FILE,
  type OutputPlace,
} from '../profile-files/output-place.ts';

/** Of earlier recordings that were killed. */
const MAX_REMAINS = 100;

/** A place where a file may grow, held until it is disposed of. @throws OutputFailed */
export function growingPlace(path: string): HeldPlace {
  return orFailed(holdPlace(path));
}

/** @throws OutputFailed */
export function orFailed<Place>(place: Place | string): Place {
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
      if (!isSystemError(error) || error.code !== 'EEXIST')
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
  readonly #held: HeldPlace;
  #isOpen = true;

  /**
   * @param held the file's own from now on
   * @param ending of its name while it grows, behind `.partial`.
   * @throws OutputFailed
   */
  constructor(held: HeldPlace, ending = '') {
    this.#held = held;
    this.place = held.place;
    try {
      // It would take the place of a pipe or a device.
      if (held.place.isStream)
        throw new OutputFailed(`${held.place.path} cannot be written: it has to be a file`);
      const { entry, made } = withFreeName(this.place, ending, (name) =>
        openSync(held.entry(name), NEW_FILE, 0o600),
      );
      this.entry = entry;
      this.#fd = made;
    } catch (error) {
      held[Symbol.dispose]();
      throw error;
    }
    giveToOwner(this.#fd, this.place);
  }

  /** As the constructor, of a path. @throws OutputFailed */
  static at(path: string, ending?: string): PartialFile {
    return new PartialFile(growingPlace(path), ending);
  }

  /** One with its first bytes in it. @throws OutputFailed */
  static begin(held: HeldPlace, header: Uint8Array): PartialFile {
    const file = new PartialFile(held);
    try {
      file.append(header);
    } catch (error) {
      file.discard();
      throw new OutputFailed(inWords(held.place.path, error));
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

  /** All or nothing. @throws NodeJS.ErrnoException */
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
    const { path } = this.place;
    try {
      fsyncSync(this.#fd);
      settle(this.#fd, this.place, true);
      this.#held.take(this.entry);
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
    this.#held[Symbol.dispose]();
  }

  /** Removes it. */
  discard(): void {
    if (!this.#isOpen) return;
    unlinkSync(this.#held.entry(this.entry));
    this.close();
  }
}
