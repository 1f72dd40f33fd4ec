import { afterAll, describe, expect, test } from 'bun:test';
import { appendFileSync, closeSync, openSync, truncateSync, writeFileSync } from 'node:fs';
import { seeded } from '../../test/build-elf.ts';
import {
  bytesOf,
  DumpFile,
  header,
  load,
  move,
  record,
  unwinding,
} from '../../test/build-jit-dump.ts';
import { isJitDump, JitDump } from './jit-dump.ts';
import { MapMemory } from './map-memory.ts';

const file = new DumpFile();
afterAll(() => file[Symbol.dispose]());

test('code that is loaded and moved, and records of other kinds', () => {
  const content = Buffer.concat([
    header,
    load(0x1000n, 0x20n, 'first'),
    record(2, new Uint8Array(100)),
    load(0x2_0000n, 0x2_0000n, 'large'),
    load(0x1010n, 0x10n, 'over it'),
    move(0x1000n, 0x9000n, 0x10n),
    move(0xdead_0000n, 0xa000n, 0x10n),
    record(3, new Uint8Array(0)),
  ]);
  file.with(content, (dump) => {
    expect(dump.lookup(0x100f)?.name).toBe('first');
    expect(dump.lookup(0x1010)).toEqual({ name: 'over it', start: 0x1010, size: 0x10 });
    expect(dump.lookup(0x3_ffff)?.name).toBe('large');
    expect(dump.lookup(0x9008)?.name).toBe('first');
    expect(dump.lookup(0xa000)).toBeUndefined();
    expect(dump.lookup(0x1020)).toBeUndefined();
  });
});

describe('behind what is no record it goes on with the next', () => {
  const [second, third] = [load(0x2000n, 0x10n, 'second'), load(0x3000n, 0x10n, 'third')];
  const start = Buffer.concat([header, load(0x1000n, 0x10n, 'first'), second]);
  const names = (dump: JitDump) =>
    [0x1000, 0x2000, 0x3000, 0x4000].map((address) => dump.lookup(address)?.name);

  test.each([5, 17, 40, 70])('two copies of one buffer, from byte %p of a record', (from) => {
    const content = Buffer.concat([start, second.subarray(from), third]);
    file.with(content, (dump) => {
      expect(names(dump)).toEqual(['first', 'second', 'third', undefined]);
    });
  });

  test('more than is read at once, and zeros', () => {
    for (const byte of [0, 0x90, 0xff])
      for (const length of [1, 65_530, 200_000]) {
        const content = Buffer.concat([start, new Uint8Array(length).fill(byte), third]);
        file.with(content, (dump) => expect(names(dump)[2]).toBe('third'));
      }
  });

  test('what is written later', () => {
    file.with(Buffer.concat([start, second.subarray(9), third.subarray(0, 60)]), (dump) => {
      expect(names(dump)[2]).toBeUndefined();
      appendFileSync(
        file.path,
        Buffer.concat([third.subarray(60), load(0x4000n, 0x10n, 'fourth')]),
      );
      dump.refresh();
      expect(names(dump)).toEqual(['first', 'second', 'third', 'fourth']);
    });
  });

  test('with its call frame information', () => {
    const rows = unwinding(new Uint8Array(48).fill(1), new Uint8Array(20));
    file.with(Buffer.concat([start, rows.subarray(33), rows, third]), (dump) => {
      expect(dump.unwindingOf(0x3000)?.ehFrame[0]).toBe(1);
    });
  });

  test('but not with code of another process, or of no length', () => {
    const others = Buffer.from(third);
    others.writeUInt32LE(8, 16);
    const none = Buffer.from(third);
    none.writeBigUInt64LE(0x1000n, 40);
    file.with(Buffer.concat([start, second.subarray(9), others, none]), (dump) => {
      expect(names(dump)).toEqual(['first', 'second', undefined, undefined]);
    });
  });
});

test('each time has the name that it says for it', () => {
  const loads = [10n, 20n, 30n].map((time) => load(0x1000n, 8n, `at ${time}`, 8, time));
  file.with(Buffer.concat([header, ...loads]), (dump) => {
    const at = (time?: number) => dump.lookup(0x1000, time)?.name;
    expect([5, 10, 19, 20, 99, undefined].map(at)).toEqual([
      ...['at 10', 'at 10', 'at 10', 'at 20', 'at 30', 'at 30'],
    ]);
    expect(dump.knownUntil).toBe(30);
    appendFileSync(file.path, load(0x1000n, 8n, 'of the future', 8, 1_000_000n));
    dump.refresh(500);
    expect([at(499), at(500)]).toEqual(['at 30', 'of the future']);
    expect(dump.knownUntil).toBe(30);
  });
  // Of a counter that nobody knows the rate of: then of the time when it was read.
  const counted = bytesOf(0x4a69_5444, 1, 40, 62, 0, 7, 1n, 1n);
  file.with(counted, (dump) => {
    appendFileSync(file.path, load(0x1000n, 8n, 'first', 8, 77n));
    dump.refresh(1000);
    appendFileSync(file.path, load(0x1000n, 8n, 'second', 8, 78n));
    dump.refresh(2000);
    expect(dump.lookup(0x1000, 1500)?.name).toBe('first');
    expect(dump.lookup(0x1000, 2000)?.name).toBe('second');
    expect(dump.knownUntil).toBe(0);
  });
});

test('a function that JavaScriptCore had no name for yet has that of its other tiers', () => {
  const names = [
    'JSC-FTL: <name not materialized>#CwZEgN',
    'JSC-Baseline: hot$& #Loop#CwZEgN',
    'JSC-DFG: <name not materialized>#DzWy5B',
    'other: <name not materialized>',
  ];
  const loads = names.map((name, at) => load(BigInt(0x1000 * (at + 1)), 8n, name));
  file.with(Buffer.concat([header, ...loads]), (dump) => {
    expect([0x1000, 0x2000, 0x3000, 0x4000].map((at) => dump.lookup(at)?.name)).toEqual([
      'JSC-FTL: hot$& #Loop#CwZEgN',
      'JSC-Baseline: hot$& #Loop#CwZEgN',
      'JSC-DFG: #DzWy5B',
      'other: <name not materialized>',
    ]);
  });
});

test('what is written while it is read comes whole', () => {
  const content = Buffer.concat([header, load(0x1000n, 8n, 'one'), load(0x2000n, 8n, 'two')]);
  file.with(new Uint8Array(), (dump) => {
    for (const byte of content) {
      appendFileSync(file.path, Uint8Array.of(byte));
      dump.refresh();
    }
    expect([0x1000, 0x2000].map((address) => dump.lookup(address)?.name)).toEqual(['one', 'two']);
    expect(dump.size).toBe(2);
    truncateSync(file.path, 0);
    dump.refresh();
    expect(dump.lookup(0x1000)).toBeUndefined();
    writeFileSync(file.path, Buffer.concat([header, load(0x1000n, 8n, 'anew')]));
    dump.refresh();
    expect(dump.lookup(0x1000)?.name).toBe('anew');
    dump.close();
    appendFileSync(file.path, load(0x3000n, 8n, 'late'));
    dump.refresh();
    expect(dump.lookup(0x1000)?.name).toBe('anew');
    expect(dump.lookup(0x3000)).toBeUndefined();
  });
});

test('limits hold, and long names are cut', () => {
  const loads = Array.from({ length: 10 }, (_, n) => load(BigInt(0x1000 * (n + 1)), 8n, `f${n}`));
  const content = Buffer.concat([header, ...loads]);
  file.with(content, (dump) => expect(dump.size).toBe(3), { maxEntries: 3 });
  file.with(content, (dump) => expect(dump.size).toBeLessThan(10), { maxBytes: 300 });
  const long = Buffer.concat([header, load(0x1000n, 8n, 'x'.repeat(100_000)), ...loads.slice(1)]);
  file.with(long, (dump) => {
    expect(dump.lookup(0x1000)?.name).toBe('x'.repeat(4096));
    expect(dump.lookup(0x3000)?.name).toBe('f2');
  });
});

/** Loads and moves in turn, of which many lie over each other; and the name of each address. */
function mixedDump(rounds: number, seed: number) {
  const random = seeded(seed);
  const address = () => 0x1000 + Math.floor(random() * rounds * 8);
  const records: Uint8Array[] = [header];
  const written: { start: number; end: number; name: string }[] = [];
  const nameOf = (at: number) =>
    written.findLast(({ start, end }) => at >= start && at < end)?.name;
  for (let n = 0; n < rounds; n++) {
    const [start, from, to] = [address(), address(), address()];
    records.push(load(BigInt(start), 16n, `f${n}`, 0), move(BigInt(from), BigInt(to), 16n));
    written.push({ start, end: start + 16, name: `f${n}` });
    const name = nameOf(from);
    if (name !== undefined) written.push({ start: to, end: to + 16, name });
  }
  return { content: Buffer.concat(records), end: 0x1000 + rounds * 8 + 16, nameOf };
}

test('a move takes the name of what lay there last', () => {
  for (const seed of [1, 2, 3]) {
    const { content, end, nameOf } = mixedDump(700, seed);
    file.with(content, (dump) => {
      for (let at = 0xff0; at < end; at++) expect(dump.lookup(at)?.name).toBe(nameOf(at));
    });
  }
});

test('many moves take no time that grows with their square', () => {
  const records: Uint8Array[] = [header];
  const count = 16_000;
  for (let n = 0; n < count; n++) {
    const [from, to] = [BigInt(0x10_0000 + n * 64), BigInt(0x1000_0000 + n * 64)];
    records.push(load(from, 32n, `f${n}`), move(from, to, 32n));
  }
  const before = process.cpuUsage();
  file.with(Buffer.concat(records), (dump) => {
    const { user, system } = process.cpuUsage(before);
    // A fifth of a second at most here; it was more than six.
    expect((user + system) / 1e6).toBeLessThan(1.5);
    expect(dump.size).toBe(2 * count);
    for (let n = 0; n < count; n += 13) {
      expect(dump.lookup(0x10_0000 + n * 64 + 31)?.name).toBe(`f${n}`);
      expect(dump.lookup(0x1000_0000 + n * 64 + 31)?.name).toBe(`f${n}`);
    }
  });
});

test('one reading takes so much of a file, the next goes on there', () => {
  const loads = Array.from({ length: 5000 }, (_, n) => load(BigInt(0x1000 + n * 64), 32n, `f${n}`));
  file.with(
    Buffer.concat([header, ...loads]),
    (dump) => {
      const sizes = [dump.size];
      while (sizes.length < 10 && dump.size < loads.length) {
        dump.refresh();
        sizes.push(dump.size);
      }
      expect(sizes[0]).toBeGreaterThan(500);
      expect(sizes.length).toBeGreaterThan(5);
      expect(sizes.length).toBeLessThan(10);
      expect(dump.lookup(0x1000 + 4999 * 64)?.name).toBe('f4999');
    },
    { maxBytesAtOnce: 1000 },
  );
});

test('of a file that fails nothing is left to read', () => {
  const records = Array.from({ length: 5000 }, (_, at) =>
    load(BigInt(0x1000 + at * 64), 64n, `f${at}`),
  );
  writeFileSync(file.path, Buffer.concat([header, ...records]));
  const fd = openSync(file.path, 'r');
  const dump = new JitDump(fd, { maxBytesAtOnce: 1000 });
  dump.refresh();
  expect(dump.isBehind).toBe(true);
  closeSync(fd);
  expect(() => dump.refresh()).toThrow('EBADF');
  expect(dump.isBehind).toBe(false);
});

test('other files are no dump', () => {
  for (const content of ['', 'DTiJ', '7f0010 40 a perf map\n'.repeat(10)]) {
    writeFileSync(file.path, content);
    const fd = openSync(file.path, 'r');
    expect(isJitDump(fd)).toBe(false);
    closeSync(fd);
  }
  writeFileSync(file.path, header);
  const fd = openSync(file.path, 'r');
  expect(isJitDump(fd)).toBe(true);
  closeSync(fd);
});

test('damage is harmless', () => {
  const random = seeded(11);
  const loads = Array.from({ length: 20 }, (_, n) => [
    unwinding(new Uint8Array(48 + n), new Uint8Array(20)),
    load(BigInt(0x1000 * (n + 1)), 64n, `f${n}`),
  ]).flat();
  const good = Buffer.concat([header, ...loads]);
  for (let round = 0; round < 500; round++) {
    const bytes = Buffer.from(good);
    for (let n = 0; n < 5; n++) bytes[Math.floor(random() * bytes.length)] = random() * 256;
    file.with(bytes.subarray(0, Math.floor(random() * bytes.length)), (dump) => {
      expect(dump.size).toBeLessThanOrEqual(100);
      expect(typeof (dump.lookup(0x1010)?.name ?? '')).toBe('string');
      expect(dump.unwindingOf(0x1010)?.ehFrame.length ?? 0).toBeLessThan(64 * 1024);
    });
  }
});

test('it goes on when the caller has closed his descriptor, if it was told to keep one', () => {
  const first = Buffer.concat([header, load(0x1000n, 0x20n, 'first')]);
  writeFileSync(file.path, first);
  const fd = openSync(file.path, 'r');
  const dump = new JitDump(fd);
  dump.refresh();
  dump.keepOpen();
  closeSync(fd);
  appendFileSync(file.path, load(0x2000n, 0x20n, 'second'));
  dump.refresh();
  dump.close();
  dump.close();
  expect([dump.lookup(0x1000)?.name, dump.lookup(0x2000)?.name]).toEqual(['first', 'second']);
});

describe('names of JavaScriptCore that are kept by their hash', () => {
  const name = (index: number, text: string) => `JSC-DFG: ${text}#${`${index}`.padStart(6, '0')}`;
  const count = 2000;
  const dump = Buffer.concat([
    header,
    ...Array.from({ length: count }, (_, at) =>
      load(BigInt(0x10_0000 + at * 16), 16n, name(at, 'x'.repeat(1000)), 0),
    ),
    load(0x1000n, 16n, name(1, '<name not materialized>'), 0),
  ]);

  test('are paid for as the entries are', () => {
    const memory = new MapMemory();
    file.with(dump, (read) => expect(read.truncated).toBe(false), { memory });
    const plain = Buffer.from(dump.toString('latin1').replaceAll('JSC-', 'jsc-'), 'latin1');
    const others = new MapMemory();
    file.with(plain, (read) => expect(read.truncated).toBe(false), { memory: others });
    expect(memory.bytes).toBeGreaterThan(others.bytes + count * 2 * 1000);
  });

  test('are not kept where there is no memory for them, and given back with the rest', () => {
    const memory = new MapMemory({ bytes: 3 * 2 ** 20, bytesOfUser: 3 * 2 ** 20 });
    file.with(
      dump,
      (read) => {
        expect(read.lookup(0x10_0000)?.name).toBe(name(0, 'x'.repeat(1000)));
        expect(memory.bytes).toBeLessThanOrEqual(3 * 2 ** 20);
        read.release();
        expect(memory.bytes).toBe(0);
      },
      { memory },
    );
  });
});
