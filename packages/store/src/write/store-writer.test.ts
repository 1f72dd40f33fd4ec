// A clock that somebody sets while an agent writes, and a kill of it.

import { describe, expect, test } from 'bun:test';
import { copyFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { BOOT_NS, exec, exit } from '../../test/events.ts';
import { freshFolder, MS, processesOf, writerOf } from '../../test/fresh-store.ts';
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

describe('a kill', () => {
  /** As the next agent finds what one has written that was killed now. */
  const killed = (folder: string): string => {
    const next = freshFolder();
    for (const name of readdirSync(folder)) copyFileSync(join(folder, name), join(next, name));
    return next;
  };
  const gapAfter = (folder: string, now: () => number) => {
    const next = killed(folder);
    using writer = writerOf(next, { now });
    writer.begin([]);
    using reader = new StoreReader(next);
    return { gap: reader.summary({}).gaps.at(-1), processes: processesOf(next) };
  };

  test('leaves a gap that begins where reading had ended, however late it was', () => {
    const step = fc.record({
      /** Ends that lie in the ring, and how many of them are read. */
      ends: fc.integer({ min: 0, max: 3 }),
      most: fc.integer({ min: 0, max: 5 }),
      saysSo: fc.boolean(),
      flushes: fc.boolean(),
      ms: fc.integer({ min: 1, max: 5000 }),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 15 }), (steps) => {
        const folder = freshFolder();
        let boot = 1_000_000_000n;
        const now = () => MS + Number(boot / 1_000_000n);
        using writer = writerOf(folder, { now });
        writer.readUntil(boot);
        const ring: { pid: number; at: bigint }[] = [];
        const all: { pid: number; at: bigint }[] = [];
        for (const { ends, most, saysSo, flushes, ms } of steps) {
          for (let count = 0; count < ends; count++) {
            boot += 1_000_000n;
            const end = { pid: 10 + all.length, at: boot };
            all.push(end);
            ring.push(end);
          }
          boot += BigInt(ms) * 1_000_000n;
          const read = ring.splice(0, most);
          writer.addEvents(read.map(({ pid, at }) => exit({ pid, start: at - 1n, at })));
          if (saysSo && ring.length === 0) writer.readUntil(boot);
          if (flushes) writer.flush();
        }
        const { gap, processes } = gapAfter(folder, now);
        const known = new Set(processes.map(({ pid }) => pid));
        const missing = all.filter(({ pid }) => !known.has(pid));
        for (const { at } of missing) expect(BOOT_NS + at >= (gap?.fromNs ?? 0n)).toBe(true);
      }),
      { numRuns: 25 },
    );
  }, 60_000);

  test('of one that has read everything and heard nothing leaves one from then on', () => {
    const folder = freshFolder();
    let boot = 5_000_000_000n;
    const now = () => MS + Number(boot / 1_000_000n);
    using writer = writerOf(folder, { now });
    writer.readUntil(boot);
    writer.addEvents([exit({ pid: 7, start: 1n, at: boot })]);
    boot += 60_000_000_000n;
    writer.readUntil(boot);
    writer.flush();
    const read = boot;
    boot += 4_000_000_000n;
    // A reader that has no turn: the timer writes, and nothing is known of these seconds.
    writer.flush();
    expect(gapAfter(folder, now).gap).toMatchObject({
      fromNs: BOOT_NS + read,
      toNs: BOOT_NS + boot,
      reason: 'agent ended without a word',
    });
  });
});

const hostState = (now: number): HostState => [
  BigInt(Math.round(now)) * 1_000_000n,
  ...([null, null, null, null, null, null, null, null, null, null] as const),
];
