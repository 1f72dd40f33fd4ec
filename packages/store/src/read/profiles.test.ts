// Profiles of spans.

import { describe, expect, test } from 'bun:test';
import type { Profile } from '@waggle/formats';
import { BOOT_NS } from '../../test/events.ts';
import { freshFolder, MS, writerOf } from '../../test/fresh-store.ts';
import { StoreReader } from './store-reader.ts';

describe('profiles', () => {
  const profile = (name: string, count: number): Profile => ({
    stacks: [
      {
        frames: [
          { name: '7:100', kind: 'process' },
          { name: 'app', kind: 'process' },
          { name: 'main', kind: 'user', object: '/bin/app' },
          { name, kind: 'user', object: '/bin/app' },
        ],
        count,
      },
    ],
    metadata: {
      ...{ host: 'h', frequencyHz: 19, startTime: new Date(MS), durationSeconds: 10 },
      ...{ samples: count, lostSamples: 1 },
    },
  });

  test('are those of the spans that were asked for, added up', () => {
    const folder = freshFolder();
    {
      using writer = writerOf(folder);
      for (let span = 0; span < 6; span++)
        writer.addProfile(profile(span < 3 ? 'early' : 'late', span + 1), {
          from: MS + span * 10_000,
          to: MS + (span + 1) * 10_000,
        });
    }
    using reader = new StoreReader(folder);
    const of = (from: number, to: number, pid?: number) =>
      reader.profile(
        {
          sinceNs: BOOT_NS + BigInt(from) * 1_000_000_000n,
          untilNs: BOOT_NS + BigInt(to) * 1_000_000_000n,
          pid,
        },
        'h',
      );
    const counts = (found: Profile | undefined) =>
      found?.stacks.map(
        ({ frames, count }) => `${frames.map(({ name }) => name).join(';')} ${count}`,
      );
    expect(counts(of(0, 60))).toEqual(['app;main;early 6', 'app;main;late 15']);
    expect(counts(of(20, 40))).toEqual(['app;main;early 3', 'app;main;late 4']);
    expect(of(20, 40)?.metadata).toMatchObject({ samples: 7, lostSamples: 2, durationSeconds: 20 });
    expect(counts(of(0, 60, 8))).toEqual([]);
    expect(of(100, 200)).toBeUndefined();
    // Frames and stacks are stored once.
    expect([...reader.sql('SELECT count(*) AS n FROM stack')]).toEqual([{ n: 2n }]);
    expect([...reader.sql('SELECT count(*) AS n FROM frame')]).toEqual([{ n: 4n }]);
  });
});
