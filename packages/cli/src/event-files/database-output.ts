/**
 * A SQLite database that grows while events come. SQLite keeps a journal beside it, whose name others could
 * guess: so both are in a folder of our own, FILE.partial/, until the database takes its place.
 */

import { Database } from 'bun:sqlite';
import { closeSync, mkdirSync, openSync, renameSync, rmSync } from 'node:fs';
import { SqliteEvents } from '@waggle/timeline';
import { giveToOwner, OutputFailed, settle } from '../profile-files/output-file.ts';
import { inWords, NEW_FILE, type OutputPlace } from '../profile-files/output-place.ts';
import type { EventLines } from './event-lines.ts';
import type { EventOutput } from './event-output.ts';
import { growingPlace, withFreeName } from './partial-file.ts';

/** What a kill loses at most. */
const COMMIT_MS = 250;
/** And what a full disk does. */
const COMMIT_EVENTS = 100;
/** Somebody reads it with a tool of theirs. */
const BUSY_MS = 5000;

export class DatabaseOutput implements EventOutput {
  readonly path: string;
  events = 0;
  /** Added since the last commit. */
  #added = 0;
  readonly #place: OutputPlace;
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
    this.#place = growingPlace(path);
    const { directory, name, isStream } = this.#place;
    if (isStream) throw new OutputFailed(`${path} cannot be written: a database has to be a file`);
    const { entry } = withFreeName(this.#place, '', (each) =>
      mkdirSync(`${directory}/${each}`, 0o700),
    );
    this.#folder = `${directory}/${entry}`;
    try {
      const file = `${this.#folder}/${name}`;
      closeSync(openSync(file, NEW_FILE, 0o600));
      for (const each of [this.#folder, file]) withFile(each, (fd) => giveToOwner(fd, this.#place));
      this.#database = new Database(file);
      this.#database.run(`PRAGMA busy_timeout = ${BUSY_MS}`);
      // A crash of the machine is not what it has to withstand, a kill is.
      this.#database.run('PRAGMA synchronous = OFF');
      this.#events = new SqliteEvents(this.#database);
    } catch (error) {
      rmSync(this.#folder, { recursive: true, force: true });
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
    const { directory, name, path } = this.#place;
    this.#commit();
    this.#events.complete();
    this.#close();
    try {
      withFile(`${this.#folder}/${name}`, (fd) => settle(fd, this.#place, true));
      renameSync(`${this.#folder}/${name}`, `${directory}/${name}`);
    } catch (error) {
      throw new OutputFailed(
        `${inWords(path, error)}; what was to be there is in ${this.#folder}/${name}`,
      );
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  giveUp(): string {
    this.#close();
    const { directory, name, path, existing } = this.#place;
    const remains = `${this.#folder}/${name}`;
    if (existing !== undefined) return remains;
    try {
      renameSync(remains, `${directory}/${name}`);
      rmSync(this.#folder, { recursive: true, force: true });
      return path;
    } catch {
      return remains;
    }
  }

  discard(): void {
    this.#close();
    rmSync(this.#folder, { recursive: true, force: true });
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

function withFile(path: string, use: (fd: number) => void): void {
  const fd = openSync(path, 'r');
  try {
    use(fd);
  } finally {
    closeSync(fd);
  }
}
