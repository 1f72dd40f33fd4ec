/**
 * A recording in pieces: FILE.0001.jsonl, FILE.0002.jsonl and so on, each whole by itself. A new one is begun
 * when one is large or old enough, and the oldest are removed. Numbers go on from what is there already.
 */

import { lstatSync, readdirSync, unlinkSync } from 'node:fs';
import { basename } from 'node:path';
import type { HeldPlace } from '../profile-files/output-place.ts';
import { orFailed, PartialFile } from './partial-file.ts';

export interface Rotation {
  /** Of a piece. */
  readonly bytes?: number | undefined;
  /** Of a piece. */
  readonly seconds?: number | undefined;
  /** Pieces that stay. */
  readonly keep: number;
}

const DIGITS = 4;

export class RotatingFile {
  readonly #rotation: Rotation;
  /** What each piece begins with. */
  readonly #header: Uint8Array;
  /** Of the pieces' names: `events`, `.jsonl`. */
  readonly #stem: string;
  readonly #extension: string;
  /** The pieces' folder. */
  readonly #held: HeldPlace;
  /** As it was given, unless that is a link. */
  readonly #path: string;
  /** Numbers of this recording's pieces. */
  #first = 0;
  #last = 0;
  #piece: PartialFile;
  #begunAt = performance.now();

  /**
   * @param held the place of the path, its own from now on
   * @throws OutputFailed
   */
  constructor(held: HeldPlace, rotation: Rotation, header: Uint8Array) {
    this.#rotation = rotation;
    this.#header = header;
    this.#held = held;
    const { path, name, directory } = held.place;
    this.#path = basename(path) === name ? path : `${directory}/${name}`;
    const dot = name.lastIndexOf('.');
    this.#stem = name.slice(0, dot);
    this.#extension = name.slice(dot);
    try {
      this.#piece = this.#begin();
    } catch (error) {
      held[Symbol.dispose]();
      throw error;
    }
  }

  /** The first and the last piece, by paths like the one that was given. */
  get pieces(): string {
    const dot = this.#path.lastIndexOf('.');
    const named = (number: number) =>
      `${this.#path.slice(0, dot)}.${inDigits(number)}${this.#path.slice(dot)}`;
    const first = Math.max(this.#first, this.#last - this.#rotation.keep + 1);
    const last = named(this.#last);
    return first === this.#last ? last : `${named(first)} to ${last}`;
  }

  /** @throws NodeJS.ErrnoException, or OutputFailed where no new piece can be begun. */
  append(bytes: Uint8Array): void {
    if (this.#isDue(bytes.length)) {
      this.#piece.finish();
      this.#removeOldest();
      this.#piece = this.#begin();
    }
    this.#piece.append(bytes);
  }

  /** @throws OutputFailed */
  finish(): void {
    this.#piece.finish();
    this.#removeOldest();
    this.#held[Symbol.dispose]();
  }

  giveUp(): string {
    this.#held[Symbol.dispose]();
    return this.#piece.giveUp();
  }

  discard(): void {
    this.#held[Symbol.dispose]();
    this.#piece.discard();
  }

  #isDue(more: number): boolean {
    const { bytes = Number.POSITIVE_INFINITY, seconds = Number.POSITIVE_INFINITY } = this.#rotation;
    const { length } = this.#piece;
    if (length <= this.#header.length) return false;
    return length + more > bytes || performance.now() - this.#begunAt > seconds * 1000;
  }

  #begin(): PartialFile {
    const number = (this.#pieces().at(-1)?.number ?? 0) + 1;
    const place = this.#held.beside(`${this.#stem}.${inDigits(number)}${this.#extension}`);
    this.#begunAt = performance.now();
    this.#first ||= number;
    this.#last = number;
    return PartialFile.begin(orFailed(place), this.#header);
  }

  /** What is there, the oldest first. Those that a kill left unfinished have their number too. */
  #pieces(): { readonly name: string; readonly number: number; readonly isWhole: boolean }[] {
    const before = `${this.#stem}.`;
    return readdirSync(this.#held.entry('.'))
      .flatMap((name) => {
        if (!name.startsWith(before)) return [];
        const match = /^(\d+)(\.\w+)(\.partial\d*)?$/.exec(name.slice(before.length));
        if (match === null || match[2] !== this.#extension) return [];
        return [{ name, number: Number(match[1]), isWhole: match[3] === undefined }];
      })
      .sort((a, b) => a.number - b.number);
  }

  #removeOldest(): void {
    const whole = this.#pieces().filter(({ isWhole }) => isWhole);
    for (const { name } of whole.slice(0, Math.max(0, whole.length - this.#rotation.keep))) {
      const path = this.#held.entry(name);
      try {
        if (lstatSync(path).isFile()) unlinkSync(path);
      } catch {
        // Somebody else removed it, or we may not: the recording goes on.
      }
    }
  }
}

function inDigits(number: number): string {
  return String(number).padStart(DIGITS, '0');
}
