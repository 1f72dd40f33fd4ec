import { describe, expect, test } from 'bun:test';
import { EventLines } from './event-lines.ts';

const START = 1_790_000_000_000;
const line = (number: number): string => `{"event":"exec","comm":"c${number}"}`;

function filled(count: number, maxBytes = 1e9): EventLines {
  const lines = new EventLines({ keepMs: 900_000, maxBytes });
  for (let number = 1; number <= count; number++) lines.add(line(number), START + number);
  return lines;
}

describe('lines of events', () => {
  test('are read on from where a reader is, packed or not', () => {
    const lines = filled(40_000);
    for (const after of [0, 1, 1999, 2000, 23_999, 24_000, 39_998, 39_999, 40_000]) {
      const read = [...lines.after(after)];
      expect(read).toHaveLength(40_000 - after);
      expect(read[0]?.number ?? after + 1).toBe(after + 1);
      for (const each of [read[0], read.at(-1)])
        if (each !== undefined) expect(each.line).toBe(line(each.number));
    }
  });

  test('of a span are those after its beginning until its end, the newest first', () => {
    const lines = filled(40_000);
    for (const [from, to] of [
      [0, 5],
      [1990, 2010],
      [30_000, 30_001],
      [39_990, 50_000],
    ] as const) {
      const found = [...lines.newestOf({ from: START + from, to: START + to })];
      const wanted = Array.from(
        { length: Math.min(to, 40_000) - from },
        (_, at) => Math.min(to, 40_000) - at,
      );
      expect(found.map(({ number }) => number)).toEqual(wanted);
    }
  });

  test('that are too old, or too much, go; what is left has its numbers', () => {
    const old = filled(40_000);
    old.forget(START + 900_000 + 20_000);
    expect(old.first).toBeGreaterThan(18_000);
    expect(old.first).toBeLessThanOrEqual(20_001);
    expect([...old.after(0)][0]?.number).toBe(old.first);
    const many = filled(100_000, 50_000);
    many.forget(START);
    expect(many.last).toBe(100_000);
    expect([...many.after(0)].length).toBe(100_000 - many.first + 1);
    const all = filled(100);
    all.forget(START + 2_000_000);
    expect([...all.after(0)]).toEqual([]);
    expect(all.first).toBe(101);
    all.add('{}', START + 2_000_000);
    expect([...all.after(0)].map(({ number }) => number)).toEqual([101]);
  });

  test('take a tenth of their room once they are packed', () => {
    const lines = new EventLines({ keepMs: 1e9, maxBytes: 1e9 });
    let length = 0;
    for (let number = 0; number < 60_000; number++) {
      const text = JSON.stringify({
        event: 'exec',
        time: new Date(START + number).toISOString(),
        pid: 1000 + (number % 30_000),
        startTime: String(1e12 + number * 1000),
        comm: 'compiler',
        filename: '/usr/bin/compiler',
        argv: ['/usr/bin/compiler', '-c', `part${number}.c`],
      });
      length += text.length;
      lines.add(text, START + number);
    }
    // 6000 of them are as they are, for readers that are a moment behind.
    const plain = (6000 / 60_000) * length * 2;
    expect(lines.bytes - plain).toBeLessThan(((44_000 / 60_000) * length) / 5);
  });
});
