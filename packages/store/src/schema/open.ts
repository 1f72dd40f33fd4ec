/** Opens a store's folder: for the one agent that writes it, or for any number of readers. */

import { Database } from 'bun:sqlite';
import { closeSync, existsSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isDamage, StoreError, sqliteCode } from '../errors.ts';
import { type Bounds, bound, boundsOfFile, setBounds, UNBOUNDED } from './bounds.ts';
import { checkIsFile, makeStoreFolder } from './place.ts';
import { salvage } from './salvage.ts';
import { expectKnown, prepareReading, prepareSchema, versionOf } from './schema.ts';

const FILE = 'waggle.db';
const LOCK = 'agent.lock';
/** Beside a database in which its writer met damage: the next one does not go on with it. */
const MARK = `${FILE}.is-damaged`;
/** A database of as many bytes is looked at whole, in a second or two. */
const MAX_CHECKED_WHOLE = 256 << 20;
/** A reader that holds a page back; the writer waits for nobody else. */
const BUSY_MS = 5000;
/** Pages of 4 KiB that the writer keeps in memory: the system has them, too, and four times as many were not quicker. */
const CACHE_PAGES = 256;
/** The log is taken over into the database at this size. */
const CHECKPOINT_PAGES = 1000;

export const databaseFile = (directory: string): string => join(directory, FILE);

export interface OpenedStore {
  readonly database: Database;
  /** What the owner closes last: nobody else writes meanwhile. */
  readonly lock: Database;
  /** Where the damaged database was put, and how many rows of it were saved. */
  readonly salvaged: { readonly path: string; readonly rows: number } | undefined;
}

export interface OpenedReading {
  readonly database: Database;
  /** Undefined where there are none. */
  readonly bounds: Bounds | undefined;
}

/**
 * Makes the folder (mode 0700) where it is not there. A damaged database is put aside, and what of it can be read
 * is taken over.
 *
 * @param library waggle's own, which bounds what SQLite does with what is there already
 * @throws StoreError
 */
export function openForWriting(directory: string, library?: string): OpenedStore {
  try {
    makeStoreFolder(directory);
    for (const name of [LOCK, FILE]) checkIsFile(directory, name);
  } catch (error) {
    if (error instanceof StoreError) throw error;
    throw unwritable(directory, error);
  }
  const lock = lockOf(directory);
  try {
    return { ...openOrSalvage(directory, library), lock };
  } catch (error) {
    lock.close();
    throw error;
  }
}

/**
 * @param library waggle's own, which bounds what SQLite does: a store to be read may be anybody's
 * @throws StoreError
 */
export function openForReading(directory: string, library?: string): OpenedReading {
  const path = databaseFile(directory);
  if (!existsSync(path))
    throw new StoreError(
      'missing',
      `there is no store in ${directory}: \`waggle agent --store ${directory}\` makes one, --store DIR names another`,
    );
  let database: Database | undefined;
  try {
    checkIsFile(directory, FILE);
    database = new Database(path, { readonly: true, safeIntegers: true });
    const isBounded = bound(database, library);
    distrust(database);
    database.run(`PRAGMA busy_timeout = ${BUSY_MS}`);
    const version = versionOf(database);
    if (version === 0)
      throw new StoreError('missing', `the store in ${directory} has nothing in it yet`);
    expectKnown(version, path);
    prepareReading(database, path);
    database.run('PRAGMA query_only = ON');
    const bounds = isBounded ? boundsOfFile(path) : undefined;
    if (bounds !== undefined) setBounds(database, bounds);
    // Not a count: SQLite makes one in a single step, which nothing bounds.
    database.query('SELECT 1 FROM meta LIMIT 1').get();
    return { database, bounds };
  } catch (error) {
    database?.close();
    if (error instanceof StoreError) throw error;
    if (isDamage(error))
      throw new StoreError(
        'damaged',
        `${path} is damaged: an agent that is started on it puts it aside and saves what can be read`,
        { cause: error },
      );
    throw new StoreError('missing', `${path} cannot be read: ${wordsOf(error)}`, { cause: error });
  }
}

/** SQLite's own lock, so that it is gone with its holder, however that ends. */
function lockOf(directory: string): Database {
  const path = join(directory, LOCK);
  let lock: Database | undefined;
  try {
    closeSync(openSync(path, 'a', 0o600));
    lock = new Database(path, { create: true });
    lock.run('PRAGMA locking_mode = EXCLUSIVE');
    lock.run('BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock?.close();
    if (sqliteCode(error)?.startsWith('SQLITE_BUSY') === true)
      throw new StoreError(
        'held',
        `another waggle agent writes to the store in ${directory}: stop it first, or give this one a folder of its own`,
      );
    if (isDamage(error)) {
      rmSync(path, { force: true });
      return lockOf(directory);
    }
    throw unwritable(directory, error);
  }
}

function openOrSalvage(
  directory: string,
  library: string | undefined,
): Pick<OpenedStore, 'database' | 'salvaged'> {
  const path = databaseFile(directory);
  const mark = join(directory, MARK);
  try {
    if (!existsSync(mark)) return { database: openDatabase(path, library), salvaged: undefined };
  } catch (error) {
    if (error instanceof StoreError) throw error;
    if (!isDamage(error)) throw unwritable(directory, error);
  }
  const aside = `${path}.damaged-${new Date().toISOString().replaceAll(/[:.]/g, '-')}`;
  if (existsSync(path)) renameSync(path, aside);
  // They are of the damaged one.
  for (const suffix of ['-wal', '-shm'])
    if (existsSync(path + suffix)) renameSync(path + suffix, aside + suffix);
  rmSync(mark, { recursive: true, force: true });
  const database = openDatabase(path, library);
  return { database, salvaged: { path: aside, rows: salvage(aside, database, library) } };
}

function openDatabase(path: string, library: string | undefined): Database {
  // Arguments may hold secrets: SQLite gives its log the mode of the database.
  closeSync(openSync(path, 'a', 0o600));
  const isNew = statSync(path).size === 0;
  const database = new Database(path, { create: true, safeIntegers: true });
  try {
    const isBounded = bound(database, library);
    if (isBounded) setBounds(database, boundsOfFile(path));
    distrust(database);
    database.run(`PRAGMA busy_timeout = ${BUSY_MS}`);
    if (isNew) database.run('PRAGMA auto_vacuum = INCREMENTAL');
    database.run('PRAGMA journal_mode = WAL');
    // A commit is there after a kill of the agent; after a loss of power the last may be missing.
    database.run('PRAGMA synchronous = NORMAL');
    database.run(`PRAGMA cache_size = ${CACHE_PAGES}`);
    database.run(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    prepareSchema(database, path);
    checkPages(database);
    if (isBounded) setBounds(database, UNBOUNDED);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** What SQLite advises for files of others (https://sqlite.org/security.html): the schema is data too. */
function distrust(database: Database): void {
  database.run('PRAGMA trusted_schema = OFF');
  database.run('PRAGMA cell_size_check = ON');
  database.run('PRAGMA mmap_size = 0');
}

/** Notes that what is there is not to be gone on with. Best effort: it is damaged already. */
export function markDamaged(directory: string): void {
  try {
    closeSync(openSync(join(directory, MARK), 'a', 0o600));
  } catch {
    // A full disk: the next one meets the damage again.
  }
}

/**
 * Checks only the first and the last pages of each table: a whole check of gigabytes takes minutes.
 * @throws SQLiteError, or Error with the code SQLITE_CORRUPT, on damage
 */
function checkPages(database: Database): void {
  const { bytes } = database
    .query('SELECT page_count * page_size AS bytes FROM pragma_page_count(), pragma_page_size()')
    .get() as { readonly bytes: bigint };
  if (bytes <= MAX_CHECKED_WHOLE) {
    const found = database.query('PRAGMA quick_check(1)').get() as { readonly quick_check: string };
    if (found.quick_check !== 'ok')
      throw Object.assign(new Error(found.quick_check), { code: 'SQLITE_CORRUPT' });
  }
  for (const table of ['process', 'failure', 'profile', 'stack', 'frame', 'text']) {
    database.query(`SELECT * FROM ${table} ORDER BY rowid LIMIT 50`).all();
    database.query(`SELECT * FROM ${table} ORDER BY rowid DESC LIMIT 50`).all();
  }
}

/** @throws unknown: `error` itself where it is neither SQLite's nor the system's */
function unwritable(directory: string, error: unknown): StoreError {
  const { code } = error as { readonly code?: unknown };
  if (typeof code !== 'string') throw error;
  return new StoreError('unwritable', `no store can be kept in ${directory}: ${wordsOf(error)}`, {
    cause: error,
  });
}

function wordsOf(error: unknown): string {
  const { message } = error as { readonly message?: unknown };
  return typeof message === 'string' ? message : String(error);
}
