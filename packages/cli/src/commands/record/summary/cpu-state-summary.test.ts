import { expect, test } from 'bun:test';
import type { ProfileFrame, ProfileStack } from '@waggle/formats';
import { cpuStateLines } from './cpu-state-summary.ts';

const app: ProfileFrame = { name: 'app', kind: 'process' };
const softirq: ProfileFrame = { name: '[softirq]', kind: 'kernel' };
const net: ProfileFrame = { name: 'net_rx_action', kind: 'kernel' };
const metadata = {
  host: '',
  frequencyHz: 99,
  startTime: new Date(0),
  durationSeconds: 1,
  samples: 0,
  lostSamples: 0,
};
const stack = (count: number, ...frames: ProfileFrame[]): ProfileStack => ({ frames, count });
const none = { stored: 0, lost: 0, idle: 0 };

test('softirqs are worth a line above one percent', () => {
  const with_ = (count: number) => ({
    metadata,
    stacks: [stack(count, app, softirq, net), stack(1000 - count, app)],
  });
  expect(cpuStateLines(with_(10), none, false)).toEqual([]);
  expect(cpuStateLines(with_(125), none, false)).toEqual([
    '12.5 % of samples in softirqs, which are no work of the process they are on ([softirq])',
  ]);
});

test('a process that calls itself like the mark is none', () => {
  const named: ProfileFrame = { name: '[softirq]', kind: 'process' };
  expect(cpuStateLines({ metadata, stacks: [stack(9, named)] }, none, true)).toEqual([]);
});

test('idle is a share of the samples where it was recorded, else of the time of the host', () => {
  const idle: ProfileFrame = { name: '[idle]', kind: 'process' };
  const stacks = [stack(30, app), stack(70, idle, net)];
  expect(cpuStateLines({ metadata, stacks }, none, true)).toEqual([
    'CPUs were idle in 70.0 % of samples ([idle])',
  ]);
  const counts = { stored: 30, lost: 10, idle: 60 };
  expect(cpuStateLines({ metadata, stacks: [stack(30, app)] }, counts, true)).toEqual([
    'CPUs were idle 60.0 % of the time, which is left out; --idle shows it',
  ]);
  // Of the host, and so not of a command.
  expect(cpuStateLines({ metadata, stacks: [stack(30, app)] }, counts, false)).toEqual([]);
});
