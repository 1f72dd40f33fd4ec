import { describe, expect, test } from 'bun:test';
import { MemoryProcfs } from '@waggle/cache/testing';
import type { ProcessEvent } from '@waggle/core';
import { BriefEvents } from '@waggle/core/plugins/brief-events';
import { lostEvent } from '@waggle/core/testing';
import { BOOT_MS, life, NOW, nanoseconds, startAt } from '../../test/made-host.ts';
import { Processes } from './processes.ts';

function made(options: { maxEnded?: number; procfs?: MemoryProcfs } = {}) {
  const given: ReadonlyMap<number, number>[] = [];
  const processes = new Processes({
    procfs: options.procfs ?? new MemoryProcfs(),
    keepMs: 900_000,
    maxEnded: options.maxEnded ?? 1000,
    bootTimeMs: BOOT_MS,
    describe: () => undefined,
    shown: (argv) => argv,
    giveTo: (heirs) => given.push(heirs),
  });
  const addEvents = (events: readonly ProcessEvent[]) => {
    const brief = BriefEvents.of(events);
    for (let at = 0; at < brief.length; at++) processes.add(brief, at, brief.preciseMsAt(at));
  };
  const add = (each: Parameters<typeof life>[0]) => addEvents(life(each));
  return { processes, given, add, addEvents };
}

const who = (pid: number, bornAt: number) => ({ pid, startTime: startAt(bornAt) });

describe('processes of the kept time', () => {
  test('are families, by who was whose parent then', () => {
    const { processes, add } = made();
    add({ pid: 10, bornAt: NOW });
    add({ pid: 11, bornAt: NOW + 10, parent: who(10, NOW), endAt: NOW + 20 });
    add({ pid: 12, bornAt: NOW + 15, parent: who(11, NOW + 10) });
    add({ pid: 20, bornAt: NOW + 15 });
    const number = (pid: number) => processes.byPid(pid)?.number ?? 0;
    expect([11, 12, 20].map((pid) => processes.isBelow(number(pid), number(10)))).toEqual([
      true,
      true,
      false,
    ]);
    expect(processes.in({ from: NOW + 30, to: NOW + 40 }).map(({ pid }) => pid)).not.toContain(11);
    expect(processes.in({ from: NOW + 12, to: NOW + 40 }).map(({ pid }) => pid)).toContain(11);
  });

  test('that have one pid after another are two', () => {
    const { processes, add } = made();
    add({ pid: 10, bornAt: NOW, endAt: NOW + 5, argv: ['/bin/first'] });
    add({ pid: 10, bornAt: NOW + 9, argv: ['/bin/second'] });
    expect(processes.byPid(10)?.comm).toBe('second');
    expect(processes.byName(10, String(startAt(NOW)))?.comm).toBe('first');
    const first = processes.numberOf(`10:${startAt(NOW)}`, 'x', NOW);
    expect(processes.byNumber(first)?.comm).toBe('first');
  });

  test('that ran before are those that events speak of', () => {
    const procfs = new MemoryProcfs();
    const { pid, startTime } = procfs.spawn(77, { comm: 'old' });
    const { processes } = made({ procfs });
    processes.walk();
    const before = processes.byPid(pid);
    expect(before?.comm).toBe('old');
    const name = `${pid}:${BigInt(startTime) * 10_000_000n + 5n}`;
    expect(processes.numberOf(name, 'old', NOW)).toBe(before?.number ?? -1);
    expect(processes.byName(pid, String(startTime))?.number).toBe(before?.number ?? -1);
  });

  test('whose end was lost have ended', () => {
    const { processes, add, addEvents } = made();
    add({ pid: 10, bornAt: NOW });
    addEvents([lostEvent({ time: nanoseconds(NOW + 50) })]);
    expect(processes.byPid(10)?.end).toMatchObject({ at: NOW + 50, exitCode: undefined });
    expect(processes.liveCount).toBe(0);
  });

  test('that are too many are forgotten, the oldest first, and what they did is their parents', () => {
    const { processes, given, add } = made({ maxEnded: 100 });
    add({ pid: 10, bornAt: NOW });
    const parent = processes.byPid(10)?.number ?? 0;
    for (let pid = 100; pid < 500; pid++)
      add({ pid, bornAt: NOW + pid, endAt: NOW + pid + 1, parent: who(10, NOW) });
    processes.forget(NOW + 1000);
    expect(processes.size).toBeLessThanOrEqual(102);
    expect(processes.byPid(499)).toBeDefined();
    expect(processes.byPid(100)).toBeUndefined();
    const heirs = given[0] ?? new Map();
    expect(new Set(heirs.values())).toEqual(new Set([parent]));
    expect(processes.byPid(10)?.forgottenBelow).toBe(heirs.size);
  });
});
