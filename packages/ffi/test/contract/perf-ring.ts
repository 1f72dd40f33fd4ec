// The sideband ring: what the kernel tells of a process, complete, in order, with boot times.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import {
  CLOCK_BOOTTIME,
  clockNanoseconds,
  disableAfter,
  type Native,
  PERF_COUNT_SW_DUMMY,
  PERF_TYPE_SOFTWARE,
  PerfEvent,
  PerfRing,
  SIDEBAND_SAMPLE_TYPE,
} from '../../src/index.ts';
import { type Case, sleep } from '../support/case.ts';
import { outputFolder } from '../support/compile.ts';

/** enum perf_event_type of linux/perf_event.h. */
const TYPE = { lost: 2, comm: 3, exit: 4, fork: 7, mmap2: 10 } as const;
/** TID, TIME and CPU behind each record: 8 bytes each. */
const TRAILER_BYTES = 24;

interface Sideband {
  readonly type: number;
  readonly pid: number;
  readonly time: bigint;
  /** Name of the file or of the command. */
  readonly name: string;
}

const attributes = {
  type: PERF_TYPE_SOFTWARE,
  config: PERF_COUNT_SW_DUMMY,
  sampleType: SIDEBAND_SAMPLE_TYPE,
  clockId: CLOCK_BOOTTIME,
  wakeupWatermark: 4096,
  flags: ['mmap', 'mmap2', 'comm', 'comm_exec', 'task', 'sample_id_all'],
} as const;

function stringAt(record: DataView, offset: number): string {
  const bytes = new Uint8Array(record.buffer, record.byteOffset + offset);
  return new TextDecoder().decode(bytes.slice(0, bytes.indexOf(0)));
}

function decode(record: DataView): Sideband {
  assert.equal(record.getUint16(6, true), record.byteLength);
  const type = record.getUint32(0, true);
  const nameOffset = type === TYPE.mmap2 ? 72 : type === TYPE.comm ? 16 : undefined;
  return {
    type,
    pid: record.getInt32(8, true),
    time: record.getBigUint64(record.byteLength - TRAILER_BYTES + 8, true),
    name: nameOffset === undefined ? '' : stringAt(record, nameOffset),
  };
}

/** Rings over all CPUs, because nobody knows on which one a child runs. */
class SidebandReader implements Disposable {
  readonly #rings: readonly { event: PerfEvent; ring: PerfRing }[];

  readonly #native: Native;

  constructor(native: Native, pages: number) {
    this.#native = native;

    this.#rings = Array.from({ length: availableParallelism() }, (_, cpu) => {
      const event = PerfEvent.open(native, attributes, { pid: -1, cpu });
      return { event, ring: new PerfRing(native, event, pages) };
    });
  }

  endAfter(ms: number): Disposable {
    const events = this.#rings.map(({ event }) => event);
    return disableAfter(this.#native, events, ms);
  }

  /** Whether the kernel still tells of processes. */
  isTold(): boolean {
    this.drain();
    spawnSync('true');
    return this.drain().length > 0;
  }

  drain(): Sideband[] {
    const seen: Sideband[] = [];
    for (const { ring } of this.#rings) {
      let last = 0n;
      ring.drain((record) => {
        const decoded = decode(record);
        assert.ok(decoded.time >= last, 'times of one CPU go backwards');
        last = decoded.time;
        seen.push(decoded);
      });
    }
    return seen.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
  }

  /** Of all that is there, records of one type; and how many there were altogether. */
  drainOnly(wanted: number): { readonly shown: readonly Sideband[]; readonly counted: number } {
    const shown: Sideband[] = [];
    let counted = 0;
    for (const { ring } of this.#rings)
      counted += ring.drain(
        (record) => shown.push(decode(record)),
        (type) => type === wanted,
      );
    return { shown, counted };
  }

  [Symbol.dispose](): void {
    for (const { event, ring } of this.#rings) {
      ring.close();
      event.close();
    }
  }
}

export const perfRingCases: readonly Case[] = [
  {
    name: 'perf ring: only the wanted types are shown, and the room of all is free again',
    needs: 'root',
    run(native) {
      using reader = new SidebandReader(native, 64);
      reader.drain();
      for (let count = 0; count < 20; count++) spawnSync('true');
      const { shown, counted } = reader.drainOnly(TYPE.mmap2);
      assert.ok(shown.length > 0);
      assert.ok(shown.every(({ type }) => type === TYPE.mmap2));
      assert.ok(counted > shown.length);
      assert.ok(reader.drainOnly(TYPE.mmap2).counted < counted);
    },
  },
  {
    name: 'perf ring: an end that was set comes while nothing else runs, and not where it was taken back',
    needs: 'root',
    async run(native) {
      using ended = new SidebandReader(native, 64);
      using going = new SidebandReader(native, 64);
      assert.ok(ended.isTold());
      const end = ended.endAfter(50);
      going.endAfter(50)[Symbol.dispose]();
      const setAt = performance.now();
      // The thread that set it is busy all the while.
      for (let last = setAt; last - setAt < 300; ) last = performance.now();
      for (let tries = 0; tries < 100 && ended.isTold(); tries++) await sleep(20);
      assert.ok(!ended.isTold());
      assert.ok(going.isTold());
      end[Symbol.dispose]();
    },
  },
  {
    name: 'perf ring: an end of an event that is closed before harms nobody',
    needs: 'root',
    async run(native) {
      using other = new SidebandReader(native, 64);
      const closed = new SidebandReader(native, 64);
      using end = closed.endAfter(30);
      closed[Symbol.dispose]();
      using reopened = new SidebandReader(native, 64);
      await sleep(100);
      assert.ok(other.isTold());
      assert.ok(reopened.isTold());
      end[Symbol.dispose]();
    },
  },
  {
    name: 'perf ring: a child is forked, named, mapped and ended, in this order',
    needs: 'root',
    run(native) {
      const path = join(outputFolder(), 'waggle-child');
      copyFileSync('/bin/true', path);
      using reader = new SidebandReader(native, 64);
      const before = clockNanoseconds(native, 'boottime');
      const { pid } = spawnSync(path);
      const after = clockNanoseconds(native, 'boottime');
      const ofChild = reader.drain().filter((record) => record.pid === pid);
      const types = ofChild.map(({ type }) => type);
      const exec = ofChild.findIndex(
        ({ type, name }) => type === TYPE.comm && name === 'waggle-child',
      );
      const mapped = ofChild.findIndex(({ type, name }) => type === TYPE.mmap2 && name === path);
      assert.equal(types[0], TYPE.fork);
      assert.ok(exec > 0, 'no comm record');
      assert.ok(mapped > exec, 'its executable is mapped after the exec');
      assert.equal(types.at(-1), TYPE.exit);
      for (const { time } of ofChild) assert.ok(time > before && time < after, 'not boot time');
    },
  },
  {
    name: 'perf ring: records that cross the end of the ring are whole',
    needs: 'root',
    run(native) {
      using reader = new SidebandReader(native, 2);
      const children = 60;
      for (let child = 0; child < children; child++) {
        const { pid } = spawnSync('/bin/true');
        const records = reader.drain();
        assert.ok(!records.some(({ type }) => type === TYPE.lost), 'the ring was too small');
        const ofChild = records.filter((record) => record.pid === pid);
        const count = (type: number) => ofChild.filter((record) => record.type === type).length;
        assert.equal(count(TYPE.exit), 1);
        assert.ok(ofChild.some(({ type, name }) => type === TYPE.comm && name === 'true'));
        assert.ok(ofChild.some(({ type, name }) => type === TYPE.mmap2 && /libc/.test(name)));
      }
    },
  },
  {
    name: 'perf ring: a visitor may throw or close, the rest waits or is gone',
    needs: 'root',
    run(native) {
      using event = PerfEvent.open(native, { ...attributes }, { pid: 0, cpu: -1 });
      using ring = new PerfRing(native, event, 8);
      const page = () => native.map('map a file', mapped, native.pageSize, false, 0);
      const mapped = native.checkErrno('open', native.libc.open(native.cString('/bin/true'), 0));
      // Executable mappings alone are told; a data mapping is not.
      const executable = () => {
        const PROT_READ_EXEC = 5;
        const MAP_PRIVATE = 2;
        const at = native.libc.mmap(
          0 as never,
          native.pageSize,
          PROT_READ_EXEC,
          MAP_PRIVATE,
          mapped,
          0,
        );
        native.libc.munmap(at, native.pageSize);
      };
      native.libc.munmap(page(), native.pageSize);
      ring.drain(() => {});
      for (let round = 0; round < 3; round++) executable();
      const stop = new Error('stop');
      assert.throws(
        () =>
          ring.drain(() => {
            throw stop;
          }),
        stop,
      );
      const closed = ring.drain((record) => {
        assert.match(decode(record).name, /true$/);
        assert.throws(() => ring.drain(() => {}), /drained already/);
        ring.close();
        assert.equal(record.getUint32(0, true), TYPE.mmap2);
      });
      assert.equal(closed, 1);
      assert.throws(() => ring.drain(() => {}), { code: 'CLOSED' });
      native.libc.close(mapped);
    },
  },
];
