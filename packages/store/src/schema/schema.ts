/**
 * The tables, in words: docs/agent.md. Texts that come again and again (names, arguments, containers) are rows of
 * `text`, and others have their numbers; times are nanoseconds since 1970 unless they are of the boot clock.
 * `used` is the hour since 1970 in which a text, frame or stack was last written somewhere: retention.ts.
 */

import type { Database } from 'bun:sqlite';
import { StoreError } from '../errors.ts';

/** Of the tables; a change of them is a step in MIGRATIONS. */
export const SCHEMA_VERSION = 3;

/** Who lived longer is found by its end: few do. Others are looked for by their start, in so much time before a span. */
export const LONG_NS = 60_000_000_000n;
const LONG_LIVES = `CREATE INDEX process_long ON process (endNs) WHERE endNs - startNs > ${LONG_NS}`;

export const FIRST_WITH_CGROUPS = 3;
/** Amounts are of the time since the row before; without a row nothing has changed. */
const CGROUP_STATES = `
CREATE TABLE cgroup_state (
  timeNs INTEGER NOT NULL, cgroup INTEGER NOT NULL,
  cpuNs INTEGER, memoryBytes INTEGER, readBytes INTEGER, writeBytes INTEGER
);
CREATE INDEX cgroup_state_time ON cgroup_state (timeNs);
`;

const TABLES = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE text (id INTEGER PRIMARY KEY, digest INTEGER NOT NULL, used INTEGER NOT NULL, value TEXT NOT NULL);
CREATE INDEX text_digest ON text (digest);
CREATE TABLE process (
  id INTEGER PRIMARY KEY,
  parent INTEGER,
  boot INTEGER NOT NULL,
  pid INTEGER NOT NULL,
  ppid INTEGER,
  startTime INTEGER NOT NULL,
  startNs INTEGER NOT NULL,
  endNs INTEGER,
  comm INTEGER,
  argv INTEGER,
  filename INTEGER,
  uid INTEGER,
  container INTEGER,
  cgroup INTEGER,
  execs INTEGER,
  exitCode INTEGER,
  signal TEXT,
  coreDumped INTEGER,
  userNs INTEGER,
  systemNs INTEGER,
  maxRssBytes INTEGER,
  majorFaults INTEGER,
  readBytes INTEGER,
  writeBytes INTEGER
);
CREATE INDEX process_start ON process (startNs);
CREATE INDEX process_alive ON process (pid) WHERE endNs IS NULL;
CREATE INDEX process_failed ON process (endNs) WHERE exitCode <> 0 OR signal IS NOT NULL;
${LONG_LIVES};
CREATE TABLE image (process INTEGER NOT NULL, timeNs INTEGER NOT NULL, comm INTEGER, argv INTEGER, filename INTEGER);
CREATE INDEX image_process ON image (process);
CREATE TABLE failure (
  id INTEGER PRIMARY KEY,
  process INTEGER,
  timeNs INTEGER NOT NULL,
  pid INTEGER NOT NULL,
  ppid INTEGER,
  startTime INTEGER NOT NULL,
  comm INTEGER,
  error TEXT NOT NULL,
  filename INTEGER,
  argv INTEGER,
  uid INTEGER,
  container INTEGER
);
CREATE INDEX failure_time ON failure (timeNs);
CREATE TABLE loss (timeNs INTEGER NOT NULL, kind TEXT NOT NULL, count INTEGER NOT NULL);
CREATE TABLE gap (fromNs INTEGER NOT NULL, toNs INTEGER NOT NULL, reason TEXT NOT NULL);
CREATE TABLE host (
  timeNs INTEGER PRIMARY KEY,
  cpuSome REAL, memorySome REAL, memoryFull REAL, ioSome REAL, ioFull REAL,
  memoryTotalBytes INTEGER, memoryAvailableBytes INTEGER, swapUsedBytes INTEGER,
  load1 REAL, oomKills INTEGER
);
CREATE TABLE frame (id INTEGER PRIMARY KEY, digest INTEGER NOT NULL, used INTEGER NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL, object TEXT);
CREATE INDEX frame_digest ON frame (digest);
CREATE TABLE stack (id INTEGER PRIMARY KEY, digest INTEGER NOT NULL, used INTEGER NOT NULL, frames BLOB NOT NULL);
CREATE INDEX stack_digest ON stack (digest);
CREATE TABLE profile (
  id INTEGER PRIMARY KEY,
  fromNs INTEGER NOT NULL,
  toNs INTEGER NOT NULL,
  frequencyHz INTEGER NOT NULL,
  samples INTEGER NOT NULL,
  lost INTEGER NOT NULL,
  entries BLOB NOT NULL
);
CREATE INDEX profile_time ON profile (toNs);
`;

const NAMES = [...`${TABLES}${CGROUP_STATES}`.matchAll(/^CREATE TABLE (\w+)/gm)].map(
  ([, name]) => name,
);

type Text = (column: string) => string;

/** What people ask: with names in place of numbers. @param text how a column of texts is read */
const viewsOf = (kind: 'VIEW' | 'TEMP VIEW', text: Text): string => `
CREATE ${kind} processes AS SELECT
  p.id, p.parent, p.boot, p.pid, p.ppid, p.startTime, p.startNs, p.endNs,
  strftime('%Y-%m-%dT%H:%M:%fZ', p.startNs / 1e9, 'unixepoch') AS start,
  strftime('%Y-%m-%dT%H:%M:%fZ', p.endNs / 1e9, 'unixepoch') AS end,
  p.endNs - p.startNs AS lifetimeNs,
  ${text('comm.value')} AS comm, ${text('argv.value')} AS argv, ${text('filename.value')} AS filename,
  p.uid, ${text('container.value')} AS containerId, ${text('cgroup.value')} AS cgroup, p.execs,
  p.exitCode, p.signal, p.coreDumped, p.userNs, p.systemNs, p.maxRssBytes, p.majorFaults, p.readBytes, p.writeBytes
FROM process p
LEFT JOIN text comm ON comm.id = p.comm
LEFT JOIN text argv ON argv.id = p.argv
LEFT JOIN text filename ON filename.id = p.filename
LEFT JOIN text container ON container.id = p.container
LEFT JOIN text cgroup ON cgroup.id = p.cgroup;
CREATE ${kind} failed_execs AS SELECT
  f.id, f.process, f.timeNs,
  strftime('%Y-%m-%dT%H:%M:%fZ', f.timeNs / 1e9, 'unixepoch') AS time,
  f.pid, f.ppid, f.startTime, ${text('comm.value')} AS comm, f.error,
  ${text('filename.value')} AS filename, ${text('argv.value')} AS argv,
  f.uid, ${text('container.value')} AS containerId
FROM failure f
LEFT JOIN text comm ON comm.id = f.comm
LEFT JOIN text argv ON argv.id = f.argv
LEFT JOIN text filename ON filename.id = f.filename
LEFT JOIN text container ON container.id = f.container;
`;
const cgroupViewOf = (kind: 'VIEW' | 'TEMP VIEW', text: Text): string => `
CREATE ${kind} cgroups AS SELECT
  s.timeNs, strftime('%Y-%m-%dT%H:%M:%fZ', s.timeNs / 1e9, 'unixepoch') AS time, ${text('text.value')} AS cgroup,
  s.cpuNs, s.memoryBytes, s.readBytes, s.writeBytes
FROM cgroup_state s LEFT JOIN text ON text.id = s.cgroup;
`;
const asItIs: Text = (column) => column;

/** Of a text, for who reads: arguments of 16 KiB, all of them escaped, are 96 Ki. A longer one may be of any number of rows. */
const MAX_TEXT_BYTES = 262_144;
/** A column of `text`; null, and not read, where it is longer than an agent writes one. */
export const boundedText: Text = (column) =>
  `CASE WHEN octet_length(${column}) <= ${MAX_TEXT_BYTES} THEN ${column} END`;

/** Each brings a store from its place in the list (version 1 first) to the next version. */
const MIGRATIONS: readonly string[] = [LONG_LIVES, CGROUP_STATES + cgroupViewOf('VIEW', asItIs)];

/**
 * Makes the tables, or brings older ones up to date.
 *
 * @throws StoreError `newer`
 */
export function prepareSchema(database: Database, path: string): void {
  const version = versionOf(database);
  expectKnown(version, path);
  if (version === SCHEMA_VERSION) return;
  database.transaction(() => {
    if (version === 0)
      database.run(TABLES + viewsOf('VIEW', asItIs) + CGROUP_STATES + cgroupViewOf('VIEW', asItIs));
    else for (const step of MIGRATIONS.slice(version - 1)) database.run(step);
    database.run(`PRAGMA user_version = ${SCHEMA_VERSION}`);
  })();
}

/** Of a newer one nobody knows what its rows mean, readers neither. @throws StoreError `newer` */
export function expectKnown(version: number, path: string): void {
  if (version > SCHEMA_VERSION)
    throw new StoreError(
      'newer',
      `the store ${path} is of version ${version}, and this waggle knows version ${SCHEMA_VERSION}: use the newer waggle that wrote it, or another folder`,
    );
}

/**
 * For a reader, of a file that may be anybody's: its tables are tables, and the views are ours and not the file's, which
 * could be questions without an end.
 *
 * @throws StoreError `foreign`
 */
export function prepareReading(database: Database, path: string): void {
  const foreign = database
    .query(
      `SELECT name, type FROM sqlite_schema s WHERE lower(name) IN (${NAMES.map((name) => `'${name}'`)}) AND
         (type <> 'table' OR rootpage = 0 OR EXISTS (SELECT 1 FROM pragma_table_xinfo(s.name) WHERE hidden <> 0))`,
    )
    .get() as { readonly name: string; readonly type: string } | null;
  if (foreign !== null)
    throw new StoreError(
      'foreign',
      `${path} is no store of an agent: ${foreign.name} is ${foreign.type === 'view' ? 'a question' : 'no table of data'} there`,
    );
  database.run('PRAGMA temp_store = MEMORY');
  database.run(viewsOf('TEMP VIEW', boundedText));
  if (versionOf(database) >= FIRST_WITH_CGROUPS)
    database.run(cgroupViewOf('TEMP VIEW', boundedText));
}

/** 0 for an empty database. */
export function versionOf(database: Database): number {
  const row = database.query('PRAGMA user_version').get() as {
    readonly user_version: number | bigint;
  };
  return Number(row.user_version);
}
