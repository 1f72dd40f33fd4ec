// What a visitor of a ring buffer may do: throw, stop, keep memory, close, call back.

import assert from 'node:assert/strict';
import { type BpfObject, type Native, RingBuffer, type RingMemory } from '../../src/index.ts';
import { type Case, loadObject } from '../support/case.ts';
import { testRun } from '../support/test-run.ts';

interface Filled extends Disposable {
  readonly object: BpfObject;
  readonly ring: RingBuffer;
  sequences(limit?: number): number[];
}

/** A ring that holds records numbered from 0 on. */
function filled(native: Native, records: number): Filled {
  const object = loadObject(native, 'ring');
  const ring = new RingBuffer(native, object.map('records'));
  testRun(native, object.program('emit_16'), records);
  return {
    object,
    ring,
    sequences(limit) {
      const seen: number[] = [];
      ring.drain(({ view }, offset) => seen.push(view.getUint32(offset, true)), limit);
      return seen;
    },
    [Symbol.dispose]() {
      ring.close();
      object.close();
    },
  };
}

export const ringVisitorCases: readonly Case[] = [
  {
    name: 'visitor: limit leaves the rest for the next drain',
    needs: 'root',
    run(native) {
      using rig = filled(native, 7);
      assert.deepEqual(rig.sequences(0), []);
      assert.deepEqual(rig.sequences(3), [0, 1, 2]);
      assert.deepEqual(rig.sequences(3), [3, 4, 5]);
      assert.deepEqual(rig.sequences(3), [6]);
    },
  },
  {
    name: 'visitor: an error consumes its record, keeps the rest and goes on',
    needs: 'root',
    run(native) {
      using rig = filled(native, 5);
      const error = new Error('no more');
      let seen = 0;
      const visit = () => {
        if (++seen === 2) throw error;
      };
      assert.throws(() => rig.ring.drain(visit), error);
      assert.deepEqual(rig.sequences(), [2, 3, 4]);
    },
  },
  {
    name: 'visitor: sees the ring itself, no copy, in one memory for all records',
    needs: 'root',
    run(native) {
      using rig = filled(native, 3);
      const memories = new Set<RingMemory>();
      const offsets: number[] = [];
      rig.ring.drain((memory, offset) => {
        memories.add(memory);
        offsets.push(offset);
        assert.equal(memory.bytes.buffer, memory.view.buffer);
      });
      assert.deepEqual(offsets, [8, 32, 56]);
      assert.equal(memories.size, 1);
      const [memory] = memories;
      assert.equal(memory?.bytes.length, 2 * rig.ring.size);
      // What is far from the record in hand is not there, and no crash.
      assert.equal(memory?.view.getUint32(32 + rig.ring.size, true), 0);
    },
  },
  {
    name: 'visitor: memory that it kept is empty after close, and not a crash',
    needs: 'root',
    run(native) {
      using rig = filled(native, 1);
      let kept: RingMemory | undefined;
      rig.ring.drain((memory) => {
        kept = memory;
      });
      rig.ring.close();
      assert.equal(kept?.bytes.length, 0);
      assert.equal(kept?.bytes[8], undefined);
      assert.throws(() => kept?.view.getUint32(8, true), TypeError);
    },
  },
  {
    name: 'visitor: closing the ring ends the drain after that record',
    needs: 'root',
    run(native) {
      using rig = filled(native, 4);
      let seen = 0;
      const records = rig.ring.drain(({ view }, offset) => {
        seen++;
        rig.ring.close();
        // The memory of this record stays until drain returns.
        assert.equal(view.getUint32(offset, true), 0);
      });
      assert.equal(records, 1);
      assert.equal(seen, 1);
      assert.throws(() => rig.ring.drain(() => {}), { code: 'CLOSED' });
      using again = new RingBuffer(native, rig.object.map('records'));
      assert.equal(
        again.drain(() => {}),
        3,
      );
    },
  },
  {
    name: 'visitor: a drain inside of a drain is refused',
    needs: 'root',
    run(native) {
      using rig = filled(native, 2);
      assert.throws(() => rig.ring.drain(() => rig.ring.drain(() => {})), /drained already/);
      assert.deepEqual(rig.sequences(), [1]);
    },
  },
];
