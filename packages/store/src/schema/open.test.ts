// The files of a store: who may open them, of which version they are, and what becomes of damaged ones.

import { Database } from 'bun:sqlite';
import { describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exec, exit } from '../../test/events.ts';
import { freshFolder, processesOf, writerOf } from '../../test/fresh-store.ts';
import { StoreError } from '../errors.ts';
import { StoreReader } from '../read/store-reader.ts';
import { SCHEMA_VERSION } from './schema.ts';

describe('a store', () => {
  test('has one writer at a time, and its files are for its owner only', () => {
    const folder = freshFolder();
    using writer = writerOf(folder);
    writer.flush();
    expect(() => writerOf(folder)).toThrow(/another waggle agent/);
    for (const name of readdirSync(folder))
      expect(statSync(join(folder, name)).mode & 0o077).toBe(0);
  });

  test('of a newer version is refused in words, and left as it is', () => {
    const folder = freshFolder();
    writerOf(folder)[Symbol.dispose]();
    const database = new Database(join(folder, 'waggle.db'));
    database.run(`PRAGMA user_version = ${SCHEMA_VERSION + 1}`);
    database.close();
    const refused = `of version ${SCHEMA_VERSION + 1}, and this waggle knows version ${SCHEMA_VERSION}`;
    expect(() => writerOf(folder)).toThrow(refused);
    expect(() => new StoreReader(folder)).toThrow(refused);
  });

  test('of version 1 is read as it is, and brought up to date by the next agent', () => {
    const folder = freshFolder();
    {
      using writer = writerOf(folder);
      writer.addEvents([exec({ pid: 7, start: 1n, at: 2n }, ['/bin/a'])]);
    }
    const sqlOf = (question: string) => {
      using database = new Database(join(folder, 'waggle.db'));
      return database.query(question).all();
    };
    sqlOf('DROP INDEX process_long');
    sqlOf('DROP VIEW cgroups');
    sqlOf('DROP TABLE cgroup_state');
    sqlOf('PRAGMA user_version = 1');
    using reader = new StoreReader(folder);
    expect([...reader.history({ sinceNs: 0n })].length).toBe(1);
    expect(reader.summary({}).cgroups).toEqual([]);
    writerOf(folder)[Symbol.dispose]();
    expect(sqlOf('PRAGMA user_version')).toEqual([{ user_version: SCHEMA_VERSION }]);
    expect(sqlOf("SELECT name FROM sqlite_master WHERE name = 'process_long'").length).toBe(1);
    expect(sqlOf('SELECT * FROM cgroups')).toEqual([]);
  });

  test('that is damaged is put aside, and what can be read of it is taken over', () => {
    const folder = freshFolder();
    const many = Array.from({ length: 3000 }, (_, index) => ({
      pid: 10 + index,
      start: BigInt(index) * 10n,
      at: BigInt(index) * 10n + 5n,
    }));
    {
      using writer = writerOf(folder);
      writer.addEvents(many.map((who) => exit(who)));
    }
    const file = join(folder, 'waggle.db');
    const bytes = readFileSync(file);
    // Pages in the middle; the first ones are the tables'.
    bytes.fill(0x55, Math.floor(bytes.length * 0.5), Math.floor(bytes.length * 0.52));
    writeFileSync(file, bytes.fill(0x55, 0, 16));
    const problems: string[] = [];
    using writer = writerOf(folder, { onProblem: (message) => problems.push(message) });
    expect(problems).toEqual([expect.stringMatching(/damaged: it is in .*waggle\.db\.damaged-/)]);
    expect(readdirSync(folder).some((name) => name.includes('.damaged-'))).toBe(true);
    writer.addEvents([exit({ pid: 5, start: 1n, at: 2n })]);
    writer.flush();
    expect(processesOf(folder).some(({ pid }) => pid === 5)).toBe(true);
  });

  test('is read with nothing in it, and without one, in words', () => {
    const folder = freshFolder();
    expect(() => new StoreReader(folder)).toThrow(/there is no store in/);
    writeFileSync(join(folder, 'waggle.db'), '');
    expect(() => new StoreReader(folder)).toThrow(/has nothing in it yet/);
    writeFileSync(join(folder, 'waggle.db'), 'no database'.repeat(1000));
    expect(() => new StoreReader(folder)).toThrow(StoreError);
  });

  test.each([
    [['DROP TABLE process', 'CREATE VIEW process AS SELECT 1 AS id'], 'process is a question'],
    [['DROP TABLE text', 'CREATE VIRTUAL TABLE TEXT USING fts5(id)'], 'TEXT is no table of data'],
    [['ALTER TABLE loss ADD COLUMN x AS (zeroblob(1e9))'], 'loss is no table of data'],
  ])('of somebody else whose tables are none is refused: %p', (questions, why) => {
    const folder = freshFolder();
    writerOf(folder)[Symbol.dispose]();
    {
      using database = new Database(join(folder, 'waggle.db'));
      for (const question of ['DROP VIEW processes', ...questions]) database.run(question);
    }
    expect(() => new StoreReader(folder)).toThrow(
      expect.objectContaining({ code: 'foreign', message: expect.stringContaining(why) }),
    );
  });

  test('is read by views of ours, which bound texts, and not by those of the file', () => {
    const folder = freshFolder();
    {
      using writer = writerOf(folder);
      writer.addEvents([exec({ pid: 7, start: 1n, at: 2n }, ['/bin/a'])]);
    }
    {
      using database = new Database(join(folder, 'waggle.db'));
      for (const name of ['processes', 'failed_execs', 'cgroups']) {
        database.run(`DROP VIEW ${name}`);
        database.run(`CREATE VIEW ${name} AS SELECT abs(-9223372036854775808) AS id`);
      }
      database.run("UPDATE text SET value = replace(hex(zeroblob(500000)), '0', 'a')");
    }
    using reader = new StoreReader(folder);
    const [entry] = [...reader.history({})];
    expect(entry).toMatchObject({ pid: 7, comm: '', argv: null });
    expect([...reader.sql('SELECT comm, argv FROM processes')]).toEqual([
      { comm: null, argv: null },
    ]);
    expect([...reader.sql('SELECT * FROM failed_execs')]).toEqual([]);
    expect([...reader.sql('SELECT * FROM cgroups')]).toEqual([]);
  });
});
