// Opens a store's folder: for the one agent that writes it, or for any number of readers.

import { Database } from 'bun:sqlite';
import { closeSync, existsSync, mkdirSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isDamage, StoreError, sqliteCode } from '../errors.ts';
import { salvage } from './salvage.ts';
import { prepareSchema, versionOf } from './schema.ts';

const FILE = 'waggle.db';
const LOCK = 'agent.lock';
/** A reader that holds a page back; the writer waits for nobody else. */
const BUSY_MS = 5000;
/** Pages of 4 KiB that the writer keeps in memory. */
const CACHE_PAGES = 1024;
/** The log is taken over into the database at this size. */
const CHECKPOINT_PAGES = 1000;

const databaseFile = (directory: string): string => join(directory, FILE);

export interface OpenedStore {
  readonly database: Database;
  /** What the owner closes last: nobody else writes meanwhile. */
  readonly lock: Database;
  /** Where the damaged database was put, and how many rows of it were saved. */
  readonly salvaged: { readonly path: string; readonly rows: number } | undefined;
}

/**
 * Makes the folder (mode 0700) where it is not there. A damaged database is put aside, and what of it can be read
 * is taken over.
 *
 * @throws StoreError
 */
export function openForWriting(directory: string): OpenedStore {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw unwritable(directory, error);
  }
  const lock = lockOf(directory);
  try {
    return { ...openOrSalvage(directory), lock };
  } catch (error) {
    lock.close();
    throw error;
  }
}

/** @throws StoreError */
export function openForReading(directory: string): Database {
  const path = databaseFile(directory);
  if (!existsSync(path))
    throw new StoreError(
      'missing',
      `there is no store in ${directory}: \`waggle agent --store ${directory}\` makes one, --store DIR names another`,
    );
  let database: Database | undefined;
  try {
    database = new Database(path, { readonly: true, safeIntegers: true });
    database.run(`PRAGMA busy_timeout = ${BUSY_MS}`);
    database.run('PRAGMA query_only = ON');
    const version = versionOf(database);
    if (version === 0)
      throw new StoreError('missing', `the store in ${directory} has nothing in it yet`);
    database.query('SELECT count(*) FROM meta').get();
    return database;
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

function openOrSalvage(directory: string): Pick<OpenedStore, 'database' | 'salvaged'> {
  const path = databaseFile(directory);
  try {
    return { database: openDatabase(path), salvaged: undefined };
  } catch (error) {
    if (error instanceof StoreError) throw error;
    if (!isDamage(error)) throw unwritable(directory, error);
  }
  const aside = `${path}.damaged-${new Date().toISOString().replaceAll(/[:.]/g, '-')}`;
  renameSync(path, aside);
  // They are of the damaged one.
  for (const suffix of ['-wal', '-shm'])
    if (existsSync(path + suffix)) renameSync(path + suffix, aside + suffix);
  const database = openDatabase(path);
  return { database, salvaged: { path: aside, rows: salvage(aside, database) } };
}

function openDatabase(path: string): Database {
  // Arguments may hold secrets: SQLite gives its log the mode of the database.
  closeSync(openSync(path, 'a', 0o600));
  const isNew = statSync(path).size === 0;
  const database = new Database(path, { create: true, safeIntegers: true });
  try {
    database.run(`PRAGMA busy_timeout = ${BUSY_MS}`);
    if (isNew) database.run('PRAGMA auto_vacuum = INCREMENTAL');
    database.run('PRAGMA journal_mode = WAL');
    // A commit is there after a kill of the agent; after a loss of power the last may be missing.
    database.run('PRAGMA synchronous = NORMAL');
    database.run(`PRAGMA cache_size = ${CACHE_PAGES}`);
    database.run(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    prepareSchema(database, path);
    checkPages(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** The first and the last pages of each table: a whole check of gigabytes would take minutes. @throws on damage */
function checkPages(database: Database): void {
  for (const table of ['process', 'failure', 'profile', 'stack', 'frame', 'text']) {
    database.query(`SELECT * FROM ${table} ORDER BY rowid LIMIT 50`).all();
    database.query(`SELECT * FROM ${table} ORDER BY rowid DESC LIMIT 50`).all();
  }
}

/** @throws what is neither SQLite's error nor the system's */
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
