// Questions in SQL: what they change, and what is said of those that are none.

import { describe, expect, test } from 'bun:test';
import { cpSync, existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { exit } from '../../test/events.ts';
import { freshFolder, processesOf, writerOf } from '../../test/fresh-store.ts';
import { StoreError } from '../errors.ts';
import { StoreReader } from './store-reader.ts';

describe('a store', () => {
  test.each([
    'DELETE FROM process',
    'INSERT INTO meta VALUES (1, 2)',
    'DROP TABLE process',
    'PRAGMA journal_mode = DELETE',
    "ATTACH DATABASE '/tmp/waggle-attached.db' AS other",
    'SELECT 1; DROP TABLE process',
    'SELECT nothing FROM nowhere',
    'no sql',
    '',
  ])('is not changed by %p', (question) => {
    const folder = freshFolder();
    {
      using writer = writerOf(folder);
      writer.addEvents([exit({ pid: 5, start: 1n, at: 2n })]);
    }
    using reader = new StoreReader(folder);
    const ask = () => [...reader.sql(question)];
    expect(ask).toThrow(StoreError);
    expect(processesOf(folder).length).toBe(1);
    expect(existsSync('/tmp/waggle-attached.db')).toBe(false);
  });

  test.each([
    ['', /there is no question/],
    [' -- only a comment', /there is no question/],
    ['SELECT 1; SELECT 2', /one question at a time: "SELECT 2" would be left out/],
    ['SELECT * FROM proceses', /no such table: proceses; there are .*\bprocesses\b/],
  ])('says of the question %p what is wrong with it', (question, message) => {
    const folder = freshFolder();
    writerOf(folder)[Symbol.dispose]();
    using reader = new StoreReader(folder);
    expect(() => [...reader.sql(question)]).toThrow(message);
  });

  test('takes an end, comments and values of its own in a question', () => {
    const folder = freshFolder();
    writerOf(folder)[Symbol.dispose]();
    using reader = new StoreReader(folder);
    for (const question of ["SELECT '--;' AS a;", '/* one */ SELECT 1 AS a; -- and no more\n'])
      expect([...reader.sql(question)].length).toBe(1);
  });
});

test('a store that is deleted or replaced is read on, and says so', () => {
  const [folder, other] = [freshFolder(), freshFolder()];
  {
    using writer = writerOf(folder);
    writer.addEvents([exit({ pid: 5, start: 1n, at: 2n })]);
  }
  writerOf(other)[Symbol.dispose]();
  using reader = new StoreReader(folder);
  const pids = () => [...reader.sql('SELECT pid FROM processes')].map(({ pid }) => pid);
  expect([reader.place, pids()]).toEqual(['there', [5n]]);
  rmSync(join(folder, 'waggle.db'));
  expect([reader.place, pids()]).toEqual(['deleted', [5n]]);
  cpSync(join(other, 'waggle.db'), join(folder, 'new.db'));
  renameSync(join(folder, 'new.db'), join(folder, 'waggle.db'));
  expect([reader.place, pids()]).toEqual(['replaced', [5n]]);
  rmSync(folder, { recursive: true });
  expect([reader.place, pids()]).toEqual(['deleted', [5n]]);
});
