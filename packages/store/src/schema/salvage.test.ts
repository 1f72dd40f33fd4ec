import { Database } from 'bun:sqlite';
import { expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { salvage } from './salvage.ts';
import { prepareSchema } from './schema.ts';

const ROWS = 5000;

function filled(path: string): void {
  const database = new Database(path, { create: true, safeIntegers: true });
  prepareSchema(database, path);
  database.transaction(() => {
    for (let row = 1; row <= ROWS; row++)
      database.run(`INSERT INTO loss VALUES (${row}, 'events', ${row})`);
  })();
  database.close();
}

test('what lies before and behind a damaged page is saved', () => {
  const folder = mkdtempSync(join(tmpdir(), 'waggle-salvage-'));
  const path = join(folder, 'waggle.db');
  filled(path);
  const bytes = readFileSync(path);
  // Behind the pages that have the tables' definitions: without those nobody knows what rows mean.
  const middle = Math.floor((bytes.length * 0.75) / 4096) * 4096;
  writeFileSync(path, bytes.fill(0x55, middle, middle + 4096));
  const into = new Database(':memory:', { safeIntegers: true });
  prepareSchema(into, ':memory:');
  const saved = salvage(path, into);
  expect(saved).toBeGreaterThan(0.8 * ROWS);
  expect(saved).toBeLessThan(ROWS);
  const found = into
    .query('SELECT count(*) AS n, min(timeNs) AS a, max(timeNs) AS z FROM loss')
    .get();
  expect(found).toEqual({ n: BigInt(saved), a: 1n, z: BigInt(ROWS) });
  rmSync(folder, { recursive: true, force: true });
});

test('when the last agent was there is saved, and what boots are numbered by', () => {
  const folder = mkdtempSync(join(tmpdir(), 'waggle-salvage-'));
  const path = join(folder, 'waggle.db');
  filled(path);
  const meta = new Database(path);
  for (const [key, value] of Object.entries({ lastNs: '7', boot: '3', 'boot x': '3', text: "'x'" }))
    meta.run(`INSERT INTO meta VALUES ('${key}', ${value})`);
  meta.close();
  const into = new Database(':memory:', { safeIntegers: true });
  prepareSchema(into, ':memory:');
  expect(salvage(path, into)).toBe(ROWS);
  expect(into.query('SELECT key, value FROM meta ORDER BY key').values()).toEqual([
    ['boot', 3n],
    ['boot x', 3n],
    ['lastNs', 7n],
  ]);
  rmSync(folder, { recursive: true, force: true });
});

test('nothing is saved of what is no database at all', () => {
  const folder = mkdtempSync(join(tmpdir(), 'waggle-salvage-'));
  const path = join(folder, 'waggle.db');
  writeFileSync(path, 'x'.repeat(10_000));
  const into = new Database(':memory:', { safeIntegers: true });
  prepareSchema(into, ':memory:');
  expect(salvage(path, into)).toBe(0);
  rmSync(folder, { recursive: true, force: true });
});
