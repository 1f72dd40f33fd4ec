// Ring buffers: every record, whole, in order, wherever it lies in the ring.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type BpfObject, type Native, RingBuffer } from '../../src/index.ts';
import { type Case, loadObject, openObject, u32, u64, until, viewOf } from '../support/case.ts';
import { testRun } from '../support/test-run.ts';

const PATTERN_BYTES = 8192;
const HALF_PATTERN = PATTERN_BYTES / 2 - 1;

/** What bpf-tests/ring.bpf.c says of how far it is. */
function progress(object: BpfObject): { sequence: number; refused: number } {
  const value = viewOf(object.map('progress').get(u32(0)));
  return {
    sequence: Number(value.getBigUint64(0, true)),
    refused: Number(value.getBigUint64(8, true)),
  };
}

/** Bytes of which no two neighbourhoods are alike. */
function fillPattern(object: BpfObject): Uint8Array {
  const pattern = new Uint8Array(PATTERN_BYTES);
  let state = 1;
  for (let at = 0; at < PATTERN_BYTES; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    pattern[at] = state >>> 16;
  }
  object.map('pattern').set(u32(0), pattern);
  return pattern;
}

function sequences(ring: RingBuffer): number[] {
  const seen: number[] = [];
  ring.drain(({ view }, offset) => seen.push(view.getUint32(offset, true)));
  return seen;
}

function smallRing(native: Native, bytes: number): { object: BpfObject; ring: RingBuffer } {
  using file = openObject(native, 'ring');
  file.setMaxEntries('records', bytes);
  const object = file.load();
  return { object, ring: new RingBuffer(native, object.map('records')) };
}

/** Bytes of rings and other maps of ours that are resident. */
function ringMemory(): number {
  let bytes = 0;
  let isOfMap = false;
  for (const line of readFileSync('/proc/self/smaps', 'latin1').split('\n')) {
    if (/^[0-9a-f]+-/.test(line)) isOfMap = line.endsWith('bpf-map');
    const resident = /^Rss:\s+(\d+) kB/.exec(line);
    if (isOfMap && resident !== null) bytes += Number(resident[1]) * 1024;
  }
  return bytes;
}

interface VariedSizes {
  readonly ringBytes: number;
  /** Records in the ring at once: nearly always they fit, so that reads begin and end everywhere. */
  readonly together: number;
  readonly turns: number;
}

function variedSizes(where: string, { ringBytes, together, turns }: VariedSizes): Case {
  return {
    name: `ring: sizes 0 to 4095 ${where}, contents and discards exact`,
    needs: 'root',
    run(native) {
      const { object, ring } = smallRing(native, ringBytes);
      using _object = object;
      using _ring = ring;
      const pattern = fillPattern(object);
      const program = object.program('emit_varied');
      const sizes = new Set<number>();
      let next = 0;
      let discarded = 0;
      let bytes = 0;
      while (bytes < turns * ringBytes) {
        testRun(native, program, together);
        const read = ring.drain(({ bytes: memory }, offset, length) => {
          if (next % 5 === 4) {
            next++;
            discarded++;
          }
          const size = (next * 1103) & HALF_PATTERN;
          const start = (next * 77) & HALF_PATTERN;
          assert.equal(length, size, `size of record ${next}`);
          const same = Buffer.compare(
            memory.subarray(offset, offset + length),
            pattern.subarray(start, start + size),
          );
          assert.equal(same, 0, `contents of record ${next}`);
          sizes.add(size);
          bytes += 8 + length;
          next++;
        });
        assert.ok(read > 0);
        assert.equal(ring.available, 0);
      }
      assert.ok(sizes.has(0) && sizes.has(4095));
      const { sequence } = progress(object);
      assert.ok(sequence - next <= 1, 'only a discarded record may be behind the last');
      assert.ok(discarded > 1_000);
    },
  };
}

export const ringBufferCases: readonly Case[] = [
  {
    name: 'ring: records come in order, and space is given back',
    needs: 'root',
    run(native) {
      const { object, ring } = smallRing(native, 1 << 16);
      using _object = object;
      using _ring = ring;
      assert.equal(ring.size, 1 << 16);
      assert.equal(ring.available, 0);
      assert.equal(
        ring.drain(() => assert.fail('nothing was written')),
        0,
      );
      testRun(native, object.program('emit_16'), 100);
      assert.equal(ring.available, 100 * 24);
      assert.deepEqual(
        sequences(ring),
        Array.from({ length: 100 }, (_, index) => index),
      );
      assert.equal(ring.available, 0);
    },
  },
  {
    name: 'ring: a full ring loses the newest records and reads the others',
    needs: 'root',
    run(native) {
      const { object, ring } = smallRing(native, 1 << 12);
      using _object = object;
      using _ring = ring;
      testRun(native, object.program('emit_16'), 1_000);
      const { sequence, refused } = progress(object);
      assert.ok(refused > 0);
      assert.equal(sequence + refused, 1_000);
      assert.equal(sequences(ring).length, sequence);
      testRun(native, object.program('emit_16'));
      assert.deepEqual(sequences(ring), [sequence]);
    },
  },
  variedSizes('over a thousand turns', { ringBytes: 1 << 14, together: 6, turns: 1_000 }),
  variedSizes('across the pieces of a large ring', {
    ringBytes: 1 << 22,
    together: 400,
    turns: 130,
  }),
  variedSizes('of a large ring that is mapped whole', {
    ringBytes: 1 << 21,
    together: 900,
    turns: 30,
  }),
  {
    name: 'ring: a large one takes little of our memory, but while much of it is read at a time',
    needs: 'root',
    run(native) {
      const before = ringMemory();
      const { object, ring } = smallRing(native, 1 << 24);
      using _object = object;
      using _ring = ring;
      let records = 0;
      const mostOf = (count: number): number => {
        testRun(native, object.program('emit_512'), count);
        const end = records + count;
        let most = 0;
        ring.drain(({ view }, offset) => {
          assert.equal(view.getUint32(offset, true), records);
          if (records++ % 1_000 === 0) most = Math.max(most, ringMemory() - before);
        });
        assert.equal(records, end);
        return most;
      };
      for (let turn = 0; turn < 9; turn++) assert.ok(mostOf(6_000) < 1 << 20);
      assert.ok(mostOf(30_000) >= 1 << 25);
      for (let turn = 0; turn < 200; turn++) mostOf(20);
      assert.ok(mostOf(6_000) < 1 << 20);
    },
  },
  {
    name: 'ring: positions beyond 2^32 and 2^33 keep the order',
    needs: 'root',
    run(native) {
      using object = loadObject(native, 'ring');
      using ring = new RingBuffer(native, object.map('records'));
      const program = object.program('emit_huge');
      const recordBytes = 1 << 20;
      const rounds = Math.ceil((2 ** 33 + 2 ** 27) / recordBytes / 3);
      let next = 0;
      for (let round = 0; round < rounds; round++) {
        testRun(native, program, 3);
        ring.drain(({ view }, offset, length) => {
          assert.equal(length, recordBytes);
          assert.equal(view.getUint32(offset, true), next);
          assert.equal(view.getUint32(offset + length - 8, true), ~next >>> 0);
          next++;
        });
        assert.equal(ring.available, 0);
      }
      assert.equal(next, 3 * rounds);
      assert.equal(progress(object).refused, 0);
    },
  },
  {
    name: 'ring: a reader that begins late goes on where the last one ended',
    needs: 'root',
    run(native) {
      using object = loadObject(native, 'ring');
      const program = object.program('emit_512');
      testRun(native, program, 5);
      using first = new RingBuffer(native, object.map('records'));
      assert.deepEqual(sequences(first), [0, 1, 2, 3, 4]);
      testRun(native, program, 2);
      first.close();
      using second = new RingBuffer(native, object.map('records'));
      assert.deepEqual(sequences(second), [5, 6]);
    },
  },
  {
    name: 'ring: a record that is still being written stops the walk',
    needs: 'root',
    async run(native) {
      const child = spawn('/bin/sh', ['-c', 'read line; exec true'], {
        stdio: ['pipe', 'ignore', 'ignore'],
      });
      const exited = once(child, 'exit');
      using file = openObject(native, 'busy');
      file.setConstant('.rodata', 0, u64(300_000_000));
      file.setConstant('.rodata', 8, u64(child.pid ?? 0));
      using object = file.load();
      using _link = object.program('hold').attach();
      using ring = new RingBuffer(native, object.map('records'));
      child.stdin.end('go\n');
      // Three records of 8 bytes with their headers.
      await until('the program holds its record', () => ring.available === 48);
      assert.deepEqual(sequences(ring), [1], 'the one behind the held record was shown');
      assert.equal(ring.available, 32);
      assert.deepEqual(sequences(ring), []);
      await exited;
      assert.deepEqual(sequences(ring), [2, 3]);
    },
  },
  {
    name: 'ring: a map of another kind cannot be mapped',
    needs: 'root',
    run(native) {
      using object = loadObject(native, 'maps');
      assert.throws(() => new RingBuffer(native, object.map('numbers')), { name: 'SystemError' });
    },
  },
];
