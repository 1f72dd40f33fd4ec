// A clock that somebody sets while an agent writes.

import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { BOOT_NS, exec, exit } from '../../test/events.ts';
import { freshFolder, MS, writerOf } from '../../test/fresh-store.ts';
import { StoreReader } from '../read/store-reader.ts';
import type { HostState } from './host-state.ts';

describe('a clock that is set', () => {
  const STEPS_MS = [0, -1, -1000, -3_600_000, -86_400_000 * 400, 1000, 3_600_000];

  test('makes no life longer or shorter, loses nothing, and leaves a store that opens', () => {
    const step = fc.record({
      ms: fc.constantFrom(...STEPS_MS),
      length: fc.integer({ min: 1, max: 1e9 }),
      ends: fc.boolean(),
      isRestarted: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (steps) => {
        const folder = freshFolder();
        // What the clock says moves what it says of the boot, as for the agent.
        let offset = 0;
        let boot = 1_000_000n;
        const options = {
          bootNs: () => BOOT_NS + BigInt(offset) * 1_000_000n,
          now: () => MS + offset + Number(boot / 1_000_000n),
        };
        let writer = writerOf(folder, options);
        const expected: { pid: number; lifetimeNs: bigint }[] = [];
        steps.forEach(({ ms, length, ends, isRestarted }, index) => {
          const who = { pid: index + 1, start: boot };
          writer.addEvents([exec({ ...who, at: boot + 1n }, [`/bin/${index}`])]);
          writer.addHostState(hostState(options.now()));
          writer.addGap({ from: options.now(), to: options.now() + ms }, 'test');
          writer.flush();
          offset += ms;
          boot += BigInt(length);
          if (ends) {
            const at = boot + BigInt(offset) * 1_000_000n;
            writer.addEvents([exit({ ...who, at }, { exitCode: 0, lifetimeNs: BigInt(length) })]);
            expected.push({ pid: who.pid, lifetimeNs: BigInt(length) });
          }
          if (isRestarted) {
            writer[Symbol.dispose]();
            writer = writerOf(folder, options);
            writer.begin([]);
          }
        });
        writer[Symbol.dispose]();
        using reader = new StoreReader(folder);
        expect([...reader.sql('PRAGMA integrity_check')]).toEqual([{ integrity_check: 'ok' }]);
        const all = [...reader.history({})].filter((entry) => entry.event === 'process');
        expect(all.length).toBe(steps.length);
        const ended = all.filter(({ exitCode }) => exitCode === 0);
        expect(
          ended
            .map(({ pid, startNs, endNs }) => ({ pid, lifetimeNs: (endNs ?? 0n) - startNs }))
            .sort((a, b) => a.pid - b.pid),
        ).toEqual(expected);
        for (const { startNs, endNs } of all)
          if (endNs !== null) expect(endNs >= startNs).toBe(true);
        for (const { fromNs, toNs } of reader.summary({}).gaps) expect(toNs >= fromNs).toBe(true);
      }),
      { numRuns: 25 },
    );
  }, 60_000);
});

const hostState = (now: number): HostState => [
  BigInt(Math.round(now)) * 1_000_000n,
  ...([null, null, null, null, null, null, null, null, null, null] as const),
];
