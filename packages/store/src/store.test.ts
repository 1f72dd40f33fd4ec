// What an agent writes is what a reader finds, in one run and from one agent to the next.

import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { BOOT_NS, exec, exit, failure, fork } from '../test/events.ts';
import { freshFolder, MS, processesOf, writerOf } from '../test/fresh-store.ts';
import type { HistoryProcess } from './read/history.ts';
import { StoreReader } from './read/store-reader.ts';

describe('a store', () => {
  test('has each process once, with what it ran, its parent and its end', () => {
    const folder = freshFolder();
    const sh = { pid: 7, start: 100n, comm: 'sh' };
    const child = { pid: 8, start: 200n, ppid: 7, comm: 'make' };
    {
      using writer = writerOf(folder);
      writer.addEvents([
        exec({ ...sh, at: 110n }, ['/bin/sh', '-c', 'make']),
        fork({ ...sh, at: 200n }, 8, 200n),
        failure({ ...child, comm: 'sh', at: 205n }, ['/usr/local/bin/make']),
        exec({ ...child, at: 210n }, ['/bin/make', '-j2']),
        exit({ ...child, at: 900n }, { exitCode: 2 }),
      ]);
    }
    using reader = new StoreReader(folder);
    const entries = [...reader.history({})];
    expect(entries).toMatchObject([
      { event: 'process', pid: 7, argv: ['/bin/sh', '-c', 'make'], endNs: null, uid: 1000 },
      {
        ...{ event: 'process', pid: 8, ppid: 7, argv: ['/bin/make', '-j2'], comm: 'make' },
        ...{ startNs: BOOT_NS + 200n, endNs: BOOT_NS + 900n, exitCode: 2, signal: null },
        ...{ userNs: 5n, systemNs: 6n, maxRssBytes: 4096n, readBytes: 7n, writeBytes: 8n },
      },
      { event: 'failed-exec', pid: 8, error: 'ENOENT', argv: ['/usr/local/bin/make'] },
    ]);
    const [shell, make] = entries as HistoryProcess[];
    expect(make?.parent).toBe(shell?.id as number);
    expect([...reader.history({ failed: true })].map(({ event }) => event)).toEqual([
      'failed-exec',
      'process',
    ]);
    expect([...reader.history({ comm: /^sh$/ })].length).toBe(2);
    expect([...reader.history({ sinceNs: BOOT_NS + 901n })].map(({ pid }) => pid)).toEqual([7]);
    expect(reader.at(BOOT_NS + 250n).map(({ pid }) => pid)).toEqual([7, 8]);
    expect(reader.at(BOOT_NS + 900n).map(({ pid }) => pid)).toEqual([7]);
  });

  test('keeps the images that an exec has replaced', () => {
    const folder = freshFolder();
    const it = { pid: 7, start: 100n };
    {
      using writer = writerOf(folder);
      writer.addEvents([
        exec({ ...it, at: 110n }, ['/bin/env', 'a']),
        exec({ ...it, at: 120n }, ['/bin/a']),
      ]);
      writer.flush();
      writer.addEvents([exec({ ...it, at: 130n }, ['/bin/b'])]);
    }
    expect(processesOf(folder)).toMatchObject([{ argv: ['/bin/b'], execs: 3 }]);
    using reader = new StoreReader(folder);
    expect([
      ...reader.sql('SELECT text.value AS argv FROM image JOIN text ON text.id = image.argv'),
    ]).toEqual([{ argv: '["/bin/env","a"]' }, { argv: '["/bin/a"]' }]);
  });

  test('has every process of any history, whenever it is written', () => {
    const life = fc.record({
      pid: fc.integer({ min: 1, max: 5 }),
      length: fc.integer({ min: 1, max: 5 }),
      code: fc.integer({ min: 0, max: 2 }),
      flush: fc.boolean(),
      ends: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(life, { maxLength: 20 }), (lives) => {
        const folder = freshFolder();
        const expected: { pid: number; start: bigint; code: number | null }[] = [];
        {
          using writer = writerOf(folder);
          let time = 100n;
          for (const { pid, length, code, flush, ends } of lives) {
            const start = time;
            time += BigInt(length) * 1000n;
            const who = { pid, start, at: start + 1n };
            writer.addEvents([exec(who, [`/bin/${pid}`])]);
            if (flush) writer.flush();
            if (ends) writer.addEvents([exit({ ...who, at: time }, { exitCode: code })]);
            time += 1000n;
            expected.push({ pid, start, code: ends ? code : null });
          }
        }
        const found = processesOf(folder).map(({ pid, startTime, exitCode }) => ({
          pid,
          start: startTime,
          code: exitCode,
        }));
        expect(found).toEqual(expected);
      }),
      { numRuns: 40 },
    );
  }, 60_000);

  test('goes on with another agent: who still runs is one process, who is gone has ended', () => {
    const folder = freshFolder();
    const daemon = { pid: 7, start: 50_000_000n };
    const gone = { pid: 8, start: 60_000_000n };
    {
      using writer = writerOf(folder, { now: () => MS + 1000 });
      writer.addEvents([
        exec({ ...daemon, at: 50_000_001n }, ['/bin/daemon']),
        exec({ ...gone, at: 60_000_001n }, ['/bin/gone']),
      ]);
    }
    {
      using writer = writerOf(folder, { now: () => MS + 5000 });
      // As /proc has it: to a hundredth of a second.
      writer.begin([{ pid: 7, ppid: 1, comm: 'daemon', startTime: 50_000_000n }]);
      writer.addEvents([exit({ ...daemon, at: 90_000_000n }, { exitCode: 3 })]);
    }
    expect(processesOf(folder)).toMatchObject([
      { pid: 7, argv: ['/bin/daemon'], exitCode: 3 },
      { pid: 8, argv: ['/bin/gone'], exitCode: null, endNs: BOOT_NS + 1_000_000_000n },
    ]);
    using reader = new StoreReader(folder);
    expect(reader.summary({}).gaps).toEqual([
      {
        ...{ fromNs: BOOT_NS + 1_000_000_000n, toNs: BOOT_NS + 5_000_000_000n },
        reason: 'agent stopped',
      },
    ]);
  });

  test('notes when nobody looked from the end of the agent before on, however long this one takes to begin', async () => {
    const folder = freshFolder();
    {
      using writer = writerOf(folder, { now: () => MS + 1000 });
      writer.begin([]);
    }
    {
      using writer = writerOf(folder, { now: () => MS + 7000 });
      // Programs are loaded into the kernel meanwhile.
      await Bun.sleep(50);
      writer.flush();
      writer.begin([]);
    }
    using reader = new StoreReader(folder);
    expect(reader.summary({}).gaps).toEqual([
      {
        ...{ fromNs: BOOT_NS + 1_000_000_000n, toNs: BOOT_NS + 7_000_000_000n },
        reason: 'agent stopped',
      },
    ]);
  });

  test('says of events that came late only that it has what is before them', () => {
    const folder = freshFolder();
    {
      using writer = writerOf(folder, { now: () => MS + 9000 });
      writer.addEvents([exec({ pid: 7, start: 1n, at: 4_000_000_000n }, ['/bin/a'])]);
      writer.readUntil(4_000_000_000n);
      writer.flush();
      using reader = new StoreReader(folder);
      expect(reader.kept?.toNs).toBe(BOOT_NS + 4_000_000_000n);
    }
  });
});
