import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StoreReader, StoreWriter } from '@waggle/store';
import fc from 'fast-check';
import { BOOT_NS, exec, exit, fork } from '../../../../../store/test/events.ts';
import { RecordedHost } from './recorded-host.ts';

const SECOND_NS = 1_000_000_000n;
const BOOT_MS = Number(BOOT_NS / 1_000_000n);
const at = (second: number): number => BOOT_MS + second * 1000;

const folder = mkdtempSync(join(tmpdir(), 'waggle-replay-'));

/** Every ten seconds a process is born that lives for 95, and becomes another program after five; a pid comes twice. */
const LIVES = Array.from({ length: 30 }, (_, index) => ({
  pid: 100 + (index % 20),
  born: index * 10,
  ends: index * 10 + 95,
  name: `program-${index}`,
}));

function makeStore(): void {
  using writer = new StoreWriter({
    ...{ directory: folder, keepMs: 1e12, maxBytes: 1e12, bootId: 'boot-1', bootNs: () => BOOT_NS },
    now: () => at(400),
    onProblem: (message) => {
      throw new Error(message);
    },
  });
  const moment = (second: number) => BigInt(second) * SECOND_NS + 1n;
  const events = LIVES.flatMap(({ pid, born, ends, name }) => {
    const it = { pid, start: moment(born), ppid: 1, comm: name };
    return [
      {
        second: born,
        event: fork({ pid: 1, start: 0n, comm: 'init', at: moment(born) }, pid, moment(born)),
      },
      { second: born, event: exec({ ...it, comm: 'sh', at: moment(born) }, ['/bin/sh', name]) },
      { second: born + 5, event: exec({ ...it, at: moment(born + 5) }, [`/bin/${name}`]) },
      { second: ends, event: exit({ ...it, at: moment(ends) }) },
    ];
  });
  for (const { event } of events.sort((a, b) => a.second - b.second)) writer.addEvents([event]);
}

makeStore();
const store = new StoreReader(folder);
afterAll(() => {
  store[Symbol.dispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** Who is there, as the replay asks for it. */
const told = (host: RecordedHost) =>
  host
    .pids()
    .sort((a, b) => a - b)
    .map((pid) => {
      const { comm, ppid, startTimeTicks } = host.stat(pid);
      return { pid, comm, ppid, startTimeTicks, argv: host.describe(pid)?.argv };
    });

test('who was there at a moment is told alike, from wherever one comes', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 380 }), fc.integer({ min: 0, max: 130 })), {
        minLength: 1,
        maxLength: 5,
      }),
      (ways) => {
        const host = new RecordedHost(store, 19);
        for (const [from, seconds] of ways) {
          host.startAt(at(from));
          host.events(at(from), at(from + seconds));
          host.goTo(at(from + seconds));
        }
        const [from = 0, seconds = 0] = ways.at(-1) ?? [];
        const fresh = new RecordedHost(store, 19);
        fresh.startAt(at(from + seconds));
        expect(told(host)).toEqual(told(fresh));
      },
    ),
  );
});

test('births, programs and ends are events at their moments, and a pid that comes twice is two processes', () => {
  const host = new RecordedHost(store, 19);
  const events = host.events(at(0) - 1, at(400));
  for (const { pid, born, ends, name } of LIVES) {
    const isIts = (time: bigint) =>
      time >= BOOT_NS + BigInt(born) * SECOND_NS && time <= BOOT_NS + BigInt(ends) * SECOND_NS + 1n;
    const own = events.filter((event) => {
      const whose =
        event.event === 'fork' ? event.childPid : event.event === 'lost' ? 0 : event.pid;
      return whose === pid && isIts(event.time);
    });
    const second = (time: bigint) => Number((time - BOOT_NS) / SECOND_NS);
    expect(own.map(({ event, time }) => `${event} ${second(time)}`)).toEqual([
      ...[`fork ${born}`, `exec ${born}`, `exec ${born + 5}`, `exit ${ends}`],
    ]);
    expect(own.map((event) => (event.event === 'exec' ? event.argv : []))).toEqual([
      ...[[], ['/bin/sh', name], [`/bin/${name}`], []],
    ]);
  }
  const times = events.map(({ time }) => time);
  expect(times).toEqual(times.toSorted((a, b) => (a < b ? -1 : 1)));
});
