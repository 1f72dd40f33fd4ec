import { expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { offCpuLines, offCpuRequest, whyNoOffCpu } from './off-cpu.ts';

test('what is asked for', () => {
  expect(offCpuRequest({})).toBeUndefined();
  expect(offCpuRequest({ offCpu: true, minBlock: 5000, state: ['runnable', 'runnable'] })).toEqual({
    ...{ name: 'off-cpu', minBlockNs: 5000, states: ['runnable'], wakers: false },
  });
  expect(offCpuRequest({ wall: true })).toEqual({
    ...{ name: 'wall', minBlockNs: 0, wakers: false },
    states: ['running', 'runnable', 'interruptible', 'uninterruptible'],
  });
});

test('what does not go together is said in one line', () => {
  for (const [options, said] of [
    [{ offCpu: true, wall: true }, 'leave out --off-cpu'],
    [{ minBlock: 1 }, '--min-block is about --off-cpu'],
    [{ state: ['runnable'] }, '--state is about'],
    [{ wall: true, minBlock: 1 }, 'use --off-cpu'],
    [{ offCpu: true, state: ['running'] }, 'one of runnable, interruptible, uninterruptible'],
    [{ wakers: true }, '--wakers is about --off-cpu'],
    [{ wall: true, state: ['D'] }, '--state D: it is one of running,'],
  ] as const)
    expect(offCpuRequest(options)).toContain(said);
});

test('what was estimated is told apart from what was measured', () => {
  const nothing = {
    ...{ whole: 0, wholeNs: 0, summed: 0, summedNs: 0, stacksForSums: 0 },
    ...{ leftOut: 0, leftOutNs: 0, unfinished: 0, untracked: 0 },
  };
  expect(offCpuLines({ ...nothing, whole: 1, wholeNs: 2e9 })).toEqual([
    'off the CPU: 1 wait with a stack each, 2.000 s',
  ]);
  const lines = offCpuLines({ ...nothing, summed: 900, summedNs: 45e6, stacksForSums: 40 });
  expect(lines[1]).toContain('900 waits shorter than 1 ms, 0.045 s in all');
  expect(lines[1]).toContain('40 stacks stand for them');
});

test('a kernel that cannot is told by its types, and one that hides them is tried', () => {
  const folder = mkdtempSync(join(tmpdir(), 'waggle-'));
  const types = join(folder, 'vmlinux');
  const symbols = join(folder, 'kallsyms');
  const finish = '0000000000000000 t finish_task_switch.isra.0\n';
  writeFileSync(symbols, finish);
  writeFileSync(types, 'btf_trace_sched_switch\0btf_trace_sched_wakeup\0');
  expect(whyNoOffCpu(types, symbols)).toContain('need Linux 6.16');
  writeFileSync(symbols, `${finish}0000000000000000 T register_kprobe\n`);
  expect(whyNoOffCpu(types, symbols)).toBeUndefined();
  writeFileSync(symbols, '');
  writeFileSync(types, 'btf_trace_sched_switch\0btf_trace_sched_exit_tp\0');
  expect(whyNoOffCpu(types, symbols)).toBeUndefined();
  rmSync(folder, { recursive: true });
  expect(whyNoOffCpu(types, symbols)).toBeUndefined();
});
