import { afterAll, expect, test } from 'bun:test';
import { appendFileSync } from 'node:fs';
import {
  bytesOf,
  DumpFile,
  header,
  load,
  move,
  record,
  unwinding,
} from '../../test/build-jit-dump.ts';

const file = new DumpFile();
afterAll(() => file[Symbol.dispose]());

test('call frame information belongs to the code that is loaded next', () => {
  const [one, two] = [new Uint8Array(48).fill(1), new Uint8Array(56).fill(2)];
  const table = new Uint8Array(20).fill(9);
  const content = Buffer.concat([
    header,
    load(0x1000n, 0x10n, 'none yet'),
    ...[unwinding(one, table), load(0x2000n, 0x10n, 'first')],
    ...[load(0x3000n, 0x10n, 'without'), unwinding(two, table), load(0x4000n, 0x10n, 'second')],
    ...[unwinding(one, table), load(0x5000n, 0x10n, 'as the first')],
    move(0x4000n, 0x6000n, 0x10n),
    ...[load(0x2000n, 0x10n, 'over the first'), unwinding(one, table, { all: 1000n })],
    ...[load(0x7000n, 0x10n, 'damaged'), unwinding(one, table, { header: 999n })],
    load(0x8000n, 0x10n, 'damaged too'),
  ]);
  file.with(content, (dump) => {
    const at = (address: number) => dump.unwindingOf(address)?.ehFrame[0];
    expect([0x1000, 0x2000, 0x3000, 0x4000, 0x5008, 0x6008, 0x7000, 0x8000].map(at)).toEqual([
      ...[undefined, undefined, undefined, 2, 1, 2, undefined, undefined],
    ]);
    expect(dump.unwindingOf(0x600f)).toEqual({
      ...{ start: 0x6000, size: 0x10, mappedBytes: 80 },
      ...{ ehFrame: two, ehFrameHeader: table },
    });
  });
  file.with(
    content,
    (dump) => {
      expect([0x4000, 0x5000].map((address) => dump.unwindingOf(address)?.ehFrame[0])).toEqual([
        ...[undefined, 1],
      ]);
      expect(dump.lookup(0x4000)?.name).toBe('second');
    },
    { maxUnwindingBytes: 100 },
  );
  const long = Buffer.concat([
    ...[header, unwinding(new Uint8Array(100_000), table), load(0x1000n, 8n, 'long')],
    ...[unwinding(one, table), load(0x2000n, 8n, 'next')],
  ]);
  file.with(long, (dump) => {
    expect(dump.unwindingOf(0x1000)).toBeUndefined();
    expect(dump.unwindingOf(0x2000)?.ehFrame).toEqual(one);
  });
});

test('a copy of code that has call frame information has the same', () => {
  const frames = new Uint8Array(48).fill(1);
  const table = new Uint8Array(20);
  const bytes = (...tail: number[]) =>
    Uint8Array.from([0x48, 0x83, 0xec, 8, 0xff, 0xd1, 0x48, ...tail]);
  const loadOf = (address: bigint, code: Uint8Array) =>
    record(0, bytesOf(7, 7, address, address, BigInt(code.length), 0n, 'f', code));
  const trampoline = bytes(0x83, 0xc4);
  const short = Uint8Array.of(0x90, 0xc3);
  const content = Buffer.concat([
    ...[header, unwinding(frames, table), loadOf(0x1000n, trampoline)],
    ...[unwinding(new Uint8Array(40), table), loadOf(0x1100n, short)],
  ]);
  const memory = new Uint8Array(0x100).fill(0xcc);
  memory.set(trampoline, 0);
  memory.set(trampoline, 0x20);
  memory.set(bytes(0x11, 0x22), 0x40);
  memory.set(short, 0x60);
  memory.set(trampoline, 0xf7);
  const within = { start: 0x8000, end: 0x8100 };
  const read = ({ start, end }: { start: number; end: number }) => {
    expect(start).toBeGreaterThanOrEqual(within.start);
    expect(end).toBeLessThanOrEqual(within.end);
    return memory.subarray(start - within.start, end - within.start);
  };
  file.with(content, (dump) => {
    const startOf = (address: number) => dump.unwindingOfCopy(address, within, read)?.start;
    expect([0x8000, 0x8008, 0x8009, 0x8020, 0x8026].map(startOf)).toEqual([
      ...[0x8000, 0x8000, undefined, 0x8020, 0x8020],
    ]);
    expect([0x8042, 0x8060, 0x80f6, 0x80ff].map(startOf)).toEqual([
      ...[undefined, undefined, undefined, 0x80f7],
    ]);
    expect(dump.unwindingOfCopy(0x8000, within, read)?.ehFrame).toEqual(frames);
    expect(dump.unwindingOfCopy(0x8000, within, () => undefined)).toBeUndefined();
  });
});

test('whether there is call frame information, and until when all was read', () => {
  const frames = unwinding(new Uint8Array(48), new Uint8Array(20));
  file.with(header, (dump) => {
    expect(dump.hasUnwinding).toBeUndefined();
    appendFileSync(file.path, load(0x1000n, 8n, 'without'));
    dump.refresh(500);
    expect([dump.hasUnwinding, dump.readUntil]).toEqual([false, 500]);
    appendFileSync(file.path, Buffer.concat([frames, load(0x2000n, 8n, 'with')]));
    dump.refresh(600);
    expect([dump.hasUnwinding, dump.readUntil]).toEqual([true, 600]);
  });
  const many = Buffer.concat([
    header,
    ...Array.from({ length: 4000 }, () => load(0x1000n, 8n, 'x')),
  ]);
  file.with(
    many,
    (dump) => {
      expect(dump.readUntil).toBe(Number.NEGATIVE_INFINITY);
      for (let now = 1; now < 10; now++) dump.refresh(now);
      expect(dump.readUntil).toBe(9);
    },
    { maxBytesAtOnce: 100_000 },
  );
});
