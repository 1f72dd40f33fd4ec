// Programs attached to the running kernel: they run while linked, and not a moment longer.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  type BpfObject,
  PERF_COUNT_SW_CPU_CLOCK,
  PERF_TYPE_SOFTWARE,
  PerfEvent,
} from '../../src/index.ts';
import { type Case, loadObject, openObject, u32, viewOf } from '../support/case.ts';

const COUNTER = { exits: 0, samples: 1 } as const;

function counter(object: BpfObject, name: keyof typeof COUNTER): number {
  return Number(viewOf(object.map('counters').get(u32(COUNTER[name]))).getBigUint64(0, true));
}

function runTrue(times: number): void {
  for (let run = 0; run < times; run++) assert.equal(spawnSync('/bin/true').status, 0);
}

/** Uses CPU time, which is what the software clock counts. */
function burn(milliseconds: number): void {
  const start = process.cpuUsage();
  for (let used = 0; used < milliseconds * 1_000; ) {
    const { user, system } = process.cpuUsage(start);
    used = user + system;
  }
}

const cpuClock = {
  type: PERF_TYPE_SOFTWARE,
  config: PERF_COUNT_SW_CPU_CLOCK,
  frequencyHz: 999,
  flags: ['disabled'],
} as const;

/** Deno runs its tests beside the main thread, whose id is that of the process. */
const thisThread = { pid: 0, cpu: -1 };

export const attachmentCases: readonly Case[] = [
  {
    name: 'attach: a tracepoint program runs while its link is open',
    needs: 'root',
    run(native) {
      using object = loadObject(native, 'attach');
      const program = object.program('count_exit');
      runTrue(1);
      assert.equal(counter(object, 'exits'), 0);
      using link = program.attach();
      runTrue(5);
      assert.ok(counter(object, 'exits') >= 5);
      link.close();
      const after = counter(object, 'exits');
      runTrue(3);
      assert.equal(counter(object, 'exits'), after);
    },
  },
  {
    name: 'attach: a program without a hook in its section is refused',
    needs: 'root',
    run(native) {
      using object = loadObject(native, 'attach');
      assert.throws(() => object.program('not_attachable').attach(), {
        name: 'SystemError',
        operation: 'attach not_attachable',
      });
    },
  },
  {
    name: 'attach: a perf event program samples this thread until its link closes',
    needs: 'root',
    run(native) {
      using file = openObject(native, 'attach');
      file.setConstant('.rodata', 0, u32(process.pid));
      using object = file.load();
      const event = PerfEvent.open(native, cpuClock, thisThread);
      using link = object.program('count_sample').attachPerfEvent(event);
      burn(200);
      assert.ok(counter(object, 'samples') >= 20, `${counter(object, 'samples')} samples`);
      event.disable();
      const disabled = counter(object, 'samples');
      burn(50);
      assert.equal(counter(object, 'samples'), disabled);
      event.enable();
      burn(100);
      assert.ok(counter(object, 'samples') > disabled);
      link.close();
      assert.ok(event.closed, 'the event ends with its link');
      assert.throws(() => event.enable(), { code: 'CLOSED' });
    },
  },
  {
    name: 'attach: a failed attachment leaves the event to its owner',
    needs: 'root',
    run(native) {
      using object = loadObject(native, 'attach');
      using event = PerfEvent.open(native, cpuClock, thisThread);
      assert.throws(() => object.program('not_attachable').attachPerfEvent(event), {
        code: 'EINVAL',
      });
      event.enable();
      event.close();
      assert.throws(() => object.program('count_sample').attachPerfEvent(event), {
        code: 'CLOSED',
      });
    },
  },
];
