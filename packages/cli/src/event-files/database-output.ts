/**
 * A SQLite database that grows while events come. SQLite keeps a journal beside it, whose name others could
 * guess, and opens both by their paths whenever it likes: so both are in a folder of our own that nobody else can
 * rename, FILE.partial/, until the database takes its place. Where others could, it grows below the system's folder
 * for temporary files, and is copied.
 */

import { Database } from 'bun:sqlite';
import { closeSync, mkdirSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { foreignOnTheWay } from '@waggle/ffi';
import { SqliteEvents } from '@waggle/timeline';
import { giveToOwner, OutputFailed, settle } from '../profile-files/output-file.ts';
import {
  type HeldPlace,
  inWords,
  NEW_FILE,
  type OutputPlace,
} from '../profile-files/output-place.ts';
import type { EventLines } from './event-lines.ts';
import type { EventOutput } from './event-output.ts';
import { growingPlace, PartialFile, withFreeName } from './partial-file.ts';

/** What a kill loses at most. */
const COMMIT_MS = 250;
/** And what a full disk does. */
const COMMIT_EVENTS = 100;
/** Somebody reads it with a tool of theirs. */
const BUSY_MS = 5000;
/** Copied at once. */
const PIECE_BYTES = 1 << 20;

export class DatabaseOutput implements EventOutput {
  readonly path: string;
  events = 0;
  /** Added since the last commit. */
  #added = 0;
  readonly #held: HeldPlace;
  readonly #place: OutputPlace;
  /** Its name, where that is beside the database's place. */
  readonly #entry: string | undefined;
  /** Ours alone, with the database in it. */
  readonly #folder: string;
  readonly #database: Database;
  readonly #events: SqliteEvents;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** What a commit threw while nobody called us. */
  #failure: unknown;

  /** @throws OutputFailed */
  constructor(path: string) {
    this.path = path;
    this.#held = growingPlace(path);
    this.#place = this.#held.place;
    const { name, isStream } = this.#place;
    try {
      if (isStream)
        throw new OutputFailed(`${path} cannot be written: a database has to be a file`);
      const { folder, entry } = ownFolder(this.#held);
      this.#folder = folder;
      this.#entry = entry;
    } catch (error) {
      this.#held[Symbol.dispose]();
      throw error;
    }
    try {
      const file = `${this.#folder}/${name}`;
      closeSync(openSync(file, NEW_FILE, 0o600));
      withFile(file, (fd) => giveToOwner(fd, this.#place));
      // The owner of what is replaced could put anything into a folder that is his.
      withFile(this.#folder, (fd) => giveToOwner(fd, { ...this.#place, existing: undefined }));
      this.#database = new Database(file);
      this.#database.run(`PRAGMA busy_timeout = ${BUSY_MS}`);
      // A crash of the machine is not what it has to withstand, a kill is.
      this.#database.run('PRAGMA synchronous = OFF');
      this.#events = new SqliteEvents(this.#database);
    } catch (error) {
      this.#removeFolder();
      throw new OutputFailed(inWords(path, error));
    }
  }

  write({ events }: EventLines): void {
    if (this.#failure !== undefined) throw this.#failure;
    for (const event of events) {
      this.#events.add(event);
      this.#added++;
      if (this.#added >= COMMIT_EVENTS) this.#commit();
    }
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      try {
        this.#commit();
      } catch (error) {
        this.#failure = error;
      }
    }, COMMIT_MS);
  }

  finish(): void {
    if (this.#failure !== undefined) throw this.#failure;
    const { name, path } = this.#place;
    this.#commit();
    this.#events.complete();
    this.#close();
    const file = `${this.#folder}/${name}`;
    try {
      withFile(file, (fd) => {
        settle(fd, this.#place, true);
        if (this.#entry === undefined) copyTo(this.#held, fd);
        else this.#held.take(`${this.#entry}/${name}`);
      });
    } catch (error) {
      if (error instanceof OutputFailed) throw error;
      throw new OutputFailed(`${inWords(path, error)}; what was to be there is in ${file}`);
    }
    this.#removeFolder();
  }

  giveUp(): string {
    this.#close();
    const { name, path, existing } = this.#place;
    const remains = `${this.#folder}/${name}`;
    if (existing !== undefined || this.#entry === undefined) return remains;
    try {
      this.#held.take(`${this.#entry}/${name}`);
    } catch {
      return remains;
    }
    this.#removeFolder();
    return path;
  }

  discard(): void {
    this.#close();
    this.#removeFolder();
  }

  #removeFolder(): void {
    rmSync(this.#folder, { recursive: true, force: true });
    this.#held[Symbol.dispose]();
  }

  #commit(): void {
    this.#events.commit();
    this.events += this.#added;
    this.#added = 0;
  }

  #close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    // What was not committed is rolled back by it.
    this.#database.close();
  }
}

/** Mode 0700, where nobody else can put another in its place. @throws OutputFailed */
function ownFolder(held: HeldPlace): {
  readonly folder: string;
  readonly entry: string | undefined;
} {
  const { directory, path } = held.place;
  try {
    if (foreignOnTheWay(directory) === undefined) {
      const made = withFreeName(held.place, '', (each) => mkdirSync(held.entry(each), 0o700));
      return { folder: `${directory}/${made.entry}`, entry: made.entry };
    }
    const temporary = resolve(tmpdir());
    const foreign = foreignOnTheWay(temporary);
    if (foreign === undefined)
      return { folder: mkdtempSync(`${temporary}/waggle-events-`), entry: undefined };
    throw new OutputFailed(
      `${path} cannot be written: a database needs a folder of its own meanwhile, and ${foreign.at} ${foreign.why}: write to a folder of yours, or set TMPDIR to one`,
    );
  } catch (error) {
    if (error instanceof OutputFailed) throw error;
    throw new OutputFailed(inWords(path, error));
  }
}

/** @throws OutputFailed, the system's error */
function copyTo(held: HeldPlace, from: number): void {
  const file = new PartialFile(held);
  try {
    const piece = new Uint8Array(PIECE_BYTES);
    for (let read = readSync(from, piece); read > 0; read = readSync(from, piece))
      file.append(piece.subarray(0, read));
  } catch (error) {
    file.discard();
    throw error;
  }
  file.finish();
}

function withFile(path: string, use: (fd: number) => void): void {
  const fd = openSync(path, 'r');
  try {
    use(fd);
  } finally {
    closeSync(fd);
  }
}
