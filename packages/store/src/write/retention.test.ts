// What goes, and what stays, where there is too much or the disk is full.

import { describe, expect, test } from 'bun:test';
import { exec, exit } from '../../test/events.ts';
import { freshFolder, MS, processesOf, writerOf } from '../../test/fresh-store.ts';
import { StoreReader } from '../read/store-reader.ts';

describe('what is kept', () => {
  const at = (second: number) => BigInt(second) * 1_000_000_000n;
  const shortLife = (index: number) =>
    exit({ pid: 10 + index, start: at(index), at: at(index) + 1000n });

  test('goes when it is too old, but for who still runs', () => {
    const folder = freshFolder();
    let now = MS;
    using writer = writerOf(folder, { keepMs: 60_000, now: () => now });
    writer.addEvents([exec({ pid: 5, start: 0n, at: 1n }, ['/bin/daemon'])]);
    writer.addEvents(Array.from({ length: 200 }, (_, index) => shortLife(index)));
    writer.flush();
    now = MS + 200_000;
    writer.flush();
    const kept = processesOf(folder);
    expect(kept[0]).toMatchObject({ pid: 5, argv: ['/bin/daemon'] });
    expect(kept.slice(1).map(({ pid }) => pid)).toEqual(
      Array.from({ length: 60 }, (_, index) => 150 + index),
    );
  });

  test('is no more than there is room for: the oldest go', () => {
    const folder = freshFolder();
    let now = MS;
    using writer = writerOf(folder, { maxBytes: 400_000, now: () => now });
    for (let round = 0; round < 60; round++) {
      writer.addEvents(Array.from({ length: 100 }, (_, index) => shortLife(round * 100 + index)));
      now += 10_001;
      writer.flush();
    }
    expect(writer.bytes).toBeLessThan(450_000);
    const kept = processesOf(folder);
    expect(kept.length).toBeGreaterThan(1000);
    expect(kept.at(-1)?.pid).toBe(10 + 5999);
  });

  test('texts that nothing has any more go, those of who still runs stay', () => {
    const folder = freshFolder();
    const hour = 3_600_000;
    let now = MS;
    using writer = writerOf(folder, { keepMs: hour, now: () => now });
    writer.addEvents([
      exec({ pid: 5, start: 0n, at: 1n }, ['/bin/daemon']),
      exec({ pid: 6, start: 2n, at: 3n }, ['/bin/short']),
      exit({ pid: 6, start: 2n, at: 4n }),
    ]);
    writer.flush();
    for (let step = 0; step < 20; step++) {
      now += hour;
      writer.flush();
    }
    using reader = new StoreReader(folder);
    const texts = [...reader.sql('SELECT value FROM text')].map(({ value }) => value);
    expect(texts).toContain('["/bin/daemon"]');
    expect(texts).not.toContain('["/bin/short"]');
  });

  test('texts stay as long as what was last written with them, whenever that was and by which agent', () => {
    const folder = freshFolder();
    const hour = 3_600_000;
    let now = MS;
    const run = (hours: number, pid: number) => {
      const at = BigInt(hours * hour) * 1_000_000n;
      now = MS + hours * hour;
      return exec({ pid, start: at, at: at + 1n }, ['/bin/again', 'and again']);
    };
    const options = { keepMs: 3 * hour, now: () => now };
    const ended = (hours: number, pid: number) => {
      const at = BigInt(hours * hour) * 1_000_000n;
      return exit({ pid, start: at, at: at + 2n });
    };
    {
      using writer = writerOf(folder, options);
      writer.addEvents([run(0, 5), ended(0, 5)]);
    }
    using writer = writerOf(folder, options);
    for (const [hours, pid] of [
      [5, 6],
      [10, 7],
    ] as const) {
      writer.addEvents([run(hours, pid), ended(hours, pid)]);
      writer.flush();
    }
    for (const hours of [12.8, 12.9]) {
      now = MS + hours * hour;
      writer.flush();
    }
    expect(processesOf(folder).map(({ pid, argv }) => ({ pid, argv }))).toEqual([
      { pid: 7, argv: ['/bin/again', 'and again'] },
    ]);
    // Nor is a number remembered whose text is gone.
    writer.addEvents([run(15, 8), ended(15, 8)]);
    writer.flush();
    expect(processesOf(folder).at(-1)?.argv).toEqual(['/bin/again', 'and again']);
  });

  test('waits for a disk that is full, and is written when there is room again', () => {
    const folder = freshFolder();
    const problems: string[] = [];
    let now = MS;
    using writer = writerOf(folder, {
      now: () => now,
      onProblem: (message) => problems.push(message),
    });
    writer.flush();
    // SQLite's own way to have no room: SQLITE_FULL as from a full disk.
    writer.limitPages(1);
    writer.addEvents(Array.from({ length: 2000 }, (_, index) => shortLife(index)));
    writer.flush();
    writer.flush();
    expect(problems).toEqual([expect.stringMatching(/the disk is full/)]);
    now += 3000;
    writer.limitPages(1_000_000);
    writer.flush();
    expect(problems[1]).toMatch(/written to again after 3 s; 0 rows are missing/);
    expect(processesOf(folder).length).toBe(2000);
  });
});
