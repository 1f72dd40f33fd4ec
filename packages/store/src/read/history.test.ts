// Spans and moments, beside a look at every process.

import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { BOOT_NS, exec, exit, failure } from '../../test/events.ts';
import { freshFolder, writerOf } from '../../test/fresh-store.ts';
import { OVERLAPPING } from './bounds.ts';
import { StoreReader } from './store-reader.ts';

describe('history', () => {
  const SECOND = 1_000_000_000n;

  test('of a span, the newest of it, and of a moment is what a look at every process finds', () => {
    const life = fc.record({
      start: fc.bigInt({ min: 0n, max: 400n }),
      lifetime: fc.option(fc.bigInt({ min: 0n, max: 300n })),
      fails: fc.boolean(),
    });
    const moment = fc.option(fc.bigInt({ min: 0n, max: 700n }), { nil: undefined });
    fc.assert(
      fc.property(
        fc.array(life, { maxLength: 30 }),
        moment,
        moment,
        fc.integer({ min: 0, max: 12 }),
        (lives, since, until, newest) => {
          const folder = freshFolder();
          {
            using writer = writerOf(folder);
            lives.forEach(({ start, lifetime, fails }, index) => {
              const who = { pid: index + 1, start: start * SECOND };
              writer.addEvents([exec({ ...who, at: who.start }, ['/bin/x'])]);
              if (fails) writer.addEvents([failure({ ...who, at: who.start }, ['/none'])]);
              if (lifetime === null) return;
              writer.addEvents([exit({ ...who, at: who.start + lifetime * SECOND })]);
            });
          }
          using reader = new StoreReader(folder);
          const at = (seconds: bigint | undefined) =>
            seconds === undefined ? undefined : BOOT_NS + seconds * SECOND;
          const [sinceNs, untilNs] = [at(since), at(until)];
          const all = [...reader.history({})];
          const fits = all.filter((entry) =>
            entry.event === 'process'
              ? (untilNs === undefined || entry.startNs <= untilNs) &&
                (sinceNs === undefined || entry.endNs === null || entry.endNs >= sinceNs)
              : (untilNs === undefined || entry.timeNs <= untilNs) &&
                (sinceNs === undefined || entry.timeNs >= sinceNs),
          );
          expect([...reader.history({ sinceNs, untilNs })]).toEqual(fits);
          const few = [...reader.history({ sinceNs, untilNs, newest })];
          expect(few).toEqual(newest === 0 ? [] : fits.slice(-newest));
          const moment = sinceNs ?? BOOT_NS;
          expect(reader.at(moment).map(({ id }) => id)).toEqual(
            all
              .filter((entry) => entry.event === 'process')
              .filter(
                ({ startNs, endNs }) => startNs <= moment && (endNs === null || endNs > moment),
              )
              .map(({ id }) => id),
          );
        },
      ),
      { numRuns: 60 },
    );
  }, 60_000);

  test('of a span reads what is near it, by indexes', () => {
    const folder = freshFolder();
    writerOf(folder)[Symbol.dispose]();
    using reader = new StoreReader(folder);
    const plan = [...reader.sql(`EXPLAIN QUERY PLAN ${OVERLAPPING.replaceAll('?', '')}`)];
    expect(plan.map(({ detail }) => String(detail)).filter((line) => /^SCAN/.test(line))).toEqual(
      [],
    );
  });
});
