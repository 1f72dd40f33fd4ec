// Maps: single entries, per-CPU values, and taking everything out in batches.

import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import type { BpfMap } from '../../src/index.ts';
import { type Case, loadObject, u32, u64, viewOf } from '../support/case.ts';
import { testRun } from '../support/test-run.ts';

/** Entries `key → 3 × key + 1` for keys from 0 on. */
function fill(map: BpfMap, entries: number): void {
  for (let key = 0; key < entries; key++) map.set(u32(key), u64(3 * key + 1));
}

function drainAll(map: BpfMap, batchSize: number): { found: Map<number, bigint>; batches: number } {
  const found = new Map<number, bigint>();
  let batches = 0;
  for (const { count, keys, values } of map.drain(batchSize)) {
    batches++;
    assert.equal(keys.length, 4 * count);
    assert.equal(values.length, 8 * count);
    for (let entry = 0; entry < count; entry++) {
      const key = viewOf(keys).getUint32(4 * entry, true);
      assert.ok(!found.has(key), `key ${key} came twice`);
      found.set(key, viewOf(values).getBigUint64(8 * entry, true));
    }
  }
  return { found, batches };
}

export const mapCases: readonly Case[] = [
  {
    name: 'map: set, get, replace and delete one entry',
    needs: 'root',
    run(native) {
      using object = loadObject(native, 'maps');
      const map = object.map('numbers');
      assert.equal(object.map('numbers'), map);
      assert.equal(map.get(u32(7)), undefined);
      assert.equal(map.delete(u32(7)), false);
      map.set(u32(7), u64(2n ** 63n + 1n));
      assert.deepEqual(map.get(u32(7)), u64(2n ** 63n + 1n));
      map.set(u32(7), u64(5));
      assert.deepEqual(map.get(u32(7)), u64(5));
      assert.equal(map.delete(u32(7)), true);
      assert.equal(map.get(u32(7)), undefined);
    },
  },
  {
    name: 'map: keys and values of another size never reach the kernel',
    needs: 'root',
    run(native) {
      using object = loadObject(native, 'maps');
      const map = object.map('numbers');
      assert.throws(() => map.get(u64(1)), /keys of 4 bytes, not 8/);
      assert.throws(() => map.delete(new Uint8Array()), RangeError);
      assert.throws(() => map.set(u32(1), u32(1)), /values of 8 bytes, not 4/);
      const perCpu = object.map('per_cpu');
      assert.throws(() => perCpu.set(u32(1), new Uint8Array(perCpu.valueSize)), RangeError);
    },
  },
  {
    name: 'map: setBatch sets every entry in one call, and refuses what does not fit',
    needs: 'root',
    run(native) {
      using object = loadObject(native, 'maps');
      const map = object.map('numbers');
      const keys = Uint32Array.of(7, 8, 9);
      const values = BigUint64Array.of(70n, 80n, 90n);
      map.setBatch(new Uint8Array(keys.buffer), new Uint8Array(values.buffer));
      map.setBatch(new Uint8Array(0), new Uint8Array(0));
      const { found } = drainAll(map, 128);
      assert.deepEqual([...found.values()].sort(), [70n, 80n, 90n]);
      assert.throws(
        () => map.setBatch(new Uint8Array(keys.buffer), new Uint8Array(8)),
        /do not fit together/,
      );
      assert.throws(() => map.setBatch(new Uint8Array(3), new Uint8Array(8)), RangeError);
    },
  },
  {
    name: 'map: drain takes every entry once, in batches, and leaves nothing',
    needs: 'root',
    run(native) {
      using object = loadObject(native, 'maps');
      const map = object.map('numbers');
      const entries = 5_000;
      fill(map, entries);
      const { found, batches } = drainAll(map, 128);
      assert.equal(found.size, entries);
      for (const [key, value] of found) assert.equal(value, BigInt(3 * key + 1));
      assert.ok(batches >= entries / 128, `only ${batches} batches`);
      assert.equal(drainAll(map, 128).found.size, 0);
    },
  },
  {
    name: 'map: drain grows a batch that is smaller than a bucket of the map',
    needs: 'root',
    run(native) {
      using object = loadObject(native, 'maps');
      const map = object.map('numbers');
      fill(map, 16_384);
      const { found } = drainAll(map, 1);
      const sum = [...found.values()].reduce((total, value) => total + value, 0n);
      assert.equal(found.size, 16_384);
      assert.equal(sum, 3n * ((16_383n * 16_384n) / 2n) + 16_384n);
    },
  },
  {
    name: 'map: per-CPU values have one padded slot for each possible CPU',
    needs: 'root',
    run(native) {
      using object = loadObject(native, 'maps');
      const map = object.map('per_cpu');
      assert.equal(map.valueSize, 12);
      assert.equal(map.valueStride, 16);
      assert.ok(map.cpus >= availableParallelism());
      const value = new Uint8Array(map.valueBytes);
      for (let cpu = 0; cpu < map.cpus; cpu++)
        value.set([cpu + 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], cpu * 16);
      map.set(u32(1), value);
      assert.deepEqual(map.get(u32(1)), value);
    },
  },
  {
    name: 'map: drain of a per-CPU map adds up over keys and CPUs',
    needs: 'root',
    run(native) {
      using object = loadObject(native, 'maps');
      const map = object.map('per_cpu');
      const entries = 1_500;
      for (let key = 0; key < entries; key++) {
        const value = new Uint8Array(map.valueBytes);
        for (let cpu = 0; cpu < map.cpus; cpu++)
          viewOf(value).setUint32(cpu * map.valueStride + 8, key * (cpu + 1), true);
        map.set(u32(key), value);
      }
      const sums = new Array<number>(map.cpus).fill(0);
      let seen = 0;
      for (const { count, values } of map.drain(100)) {
        seen += count;
        assert.equal(values.length, count * map.valueBytes);
        for (let at = 0; at < values.length; at += map.valueStride) {
          const cpu = (at / map.valueStride) % map.cpus;
          sums[cpu] = (sums[cpu] ?? 0) + viewOf(values).getUint32(at + 8, true);
        }
      }
      assert.equal(seen, entries);
      const keySum = (entries * (entries - 1)) / 2;
      assert.deepEqual(
        sums,
        sums.map((_, cpu) => keySum * (cpu + 1)),
      );
    },
  },
  {
    name: 'map: what a program counts per CPU is read whole',
    needs: 'root',
    run(native) {
      using object = loadObject(native, 'maps');
      const map = object.map('runs');
      assert.equal(map.valueStride, 8);
      testRun(native, object.program('count_run'), 10_000);
      const value = viewOf(map.get(u32(0)));
      let total = 0;
      for (let cpu = 0; cpu < map.cpus; cpu++)
        total += value.getUint32(cpu * map.valueStride, true);
      assert.equal(total, 10_000);
    },
  },
  {
    name: 'map: drain of a map without batch operations says so',
    needs: 'root',
    run(native) {
      using object = loadObject(native, 'maps');
      assert.throws(() => object.map('runs').drain().next(), { code: 'ENOTSUPP' });
    },
  },
  {
    name: 'map: closing the object ends a drain that is under way',
    needs: 'root',
    run(native) {
      using object = loadObject(native, 'maps');
      const map = object.map('numbers');
      fill(map, 1_000);
      const batches = map.drain(16);
      assert.equal(batches.next().done, false);
      object.close();
      assert.throws(() => batches.next(), { code: 'CLOSED' });
    },
  },
];
