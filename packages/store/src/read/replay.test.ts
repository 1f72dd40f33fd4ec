import { afterEach, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BOOT_NS, exec, exit, failure, fork } from '../../test/events.ts';
import { StoreWriter } from '../write/store-writer.ts';
import { StoreReader } from './store-reader.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const MS = Number(BOOT_NS / 1_000_000n);
const SECOND = 1_000_000_000n;
const STEP = 2n * SECOND;
/** A multiple of the step, in ns since the boot. */
const BEGAN = STEP * 100n - (BOOT_NS % STEP);

/** 7, which was two programs, with a child 8 that failed six seconds later; and a profile of them. */
function madeStore(): string {
  const directory = mkdtempSync(join(tmpdir(), 'waggle-store-'));
  folders.push(directory);
  using writer = new StoreWriter({
    ...{ directory, keepMs: 1e9, maxBytes: 1e12, bootId: 'boot', bootNs: () => BOOT_NS },
    now: () => MS + 300_000,
    onProblem: (message) => {
      throw new Error(message);
    },
  });
  const shell = { pid: 7, start: BEGAN, comm: 'sh' };
  const child = { pid: 8, start: BEGAN + SECOND, ppid: 7, comm: 'make' };
  writer.addEvents([
    exec({ ...shell, at: BEGAN + 10n }, ['/bin/env', 'sh']),
    exec({ ...shell, at: BEGAN + 20n }, ['/bin/sh']),
    fork({ ...shell, at: child.start }, child.pid, child.start),
    failure({ ...child, at: child.start + 5n }, ['/nowhere']),
    exec({ ...child, at: child.start + 10n }, ['/bin/make']),
    exit({ ...child, at: child.start + 6n * SECOND }, { exitCode: 2 }),
  ]);
  writer.addLoss('events', 4);
  const frame = (name: string) => ({ name, kind: 'process' as const });
  const stacks = [
    { frames: [frame(`7:${shell.start}`), frame('sh')], count: 3 },
    { frames: [frame(`8:${child.start}`), frame('make'), frame('main')], count: 5 },
  ];
  const from = Number((BOOT_NS + BEGAN) / 1_000_000n);
  writer.addProfile(
    {
      stacks,
      metadata: {
        ...{ host: 'hive', frequencyHz: 19, durationSeconds: 10, samples: 8, lostSamples: 1 },
        startTime: new Date(from),
      },
    },
    { from, to: from + 10_000 },
  );
  writer.addGap({ from: from + 20_000, to: from + 30_000 }, 'no agent');
  return directory;
}

const began = BOOT_NS + BEGAN;

describe('for a replay a store tells', () => {
  test('who was there in a span, whose child, and what each was before', () => {
    using reader = new StoreReader(madeStore());
    const there = reader.identities({ sinceNs: began, untilNs: began + 60n * SECOND });
    const [shell, make] = there;
    expect(there).toMatchObject([
      { pid: 7, startTime: BEGAN, startNs: began, endNs: null },
      { pid: 8, parent: shell?.id, endNs: began + 7n * SECOND },
    ]);
    const later = { sinceNs: began + 8n * SECOND, untilNs: began + 9n * SECOND };
    expect(reader.identities(later).map(({ pid }) => pid)).toEqual([7]);
    const ids = [make?.id ?? 0, shell?.id ?? 0, 999];
    expect(reader.processes(ids).map(({ pid, argv }) => [pid, argv])).toEqual([
      [7, ['/bin/sh']],
      [8, ['/bin/make']],
    ]);
    expect(reader.earlierPrograms(ids)).toMatchObject([
      { process: shell?.id, untilNs: began + 20n, argv: ['/bin/env', 'sh'] },
    ]);
  });

  test('many processes by their rows, more than one question has room for', () => {
    using reader = new StoreReader(madeStore());
    const ids = Array.from({ length: 1200 }, (_, at) => 1200 - at);
    expect(reader.processes(ids).map(({ pid }) => pid)).toEqual([7, 8]);
  });

  test('counts by step of time', () => {
    using reader = new StoreReader(madeStore());
    expect(reader.activity({ sinceNs: began, untilNs: began + 10n * SECOND }, STEP)).toEqual([
      { fromNs: began, births: 2, execs: 3, ends: 0, failures: 1, lost: 0 },
      { fromNs: began + 6n * SECOND, births: 0, execs: 0, ends: 1, failures: 1, lost: 0 },
    ]);
    const all = reader.activity({}, STEP);
    expect(all.reduce((sum, { lost }) => sum + lost, 0)).toBe(4);
  });

  test('who was sampled where, and when nobody looked', () => {
    using reader = new StoreReader(madeStore());
    const [part, ...more] = [...reader.samples({})];
    expect(more).toEqual([]);
    expect(part).toMatchObject({ frequencyHz: 19, samples: 8, lost: 1 });
    const named = part?.entries.map(({ pid, startTime, stack, count }) => [
      ...[pid, startTime, count],
      reader.framesOf(stack)?.map(({ name }) => name),
    ]);
    expect(named).toEqual([
      [7, BEGAN, 3, ['sh']],
      [8, BEGAN + SECOND, 5, ['make', 'main']],
    ]);
    expect(reader.framesOf(999)).toBeUndefined();
    expect(reader.gaps({}).map(({ reason }) => reason)).toEqual(['no agent']);
    expect(reader.gaps({ sinceNs: began, untilNs: began + SECOND })).toEqual([]);
  });
});
