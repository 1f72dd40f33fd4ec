// Labels of stacks: formats that have room for them keep them, all others sum over them.

import { expect, test } from 'bun:test';
import {
  encodeOtlp,
  encodePprof,
  foldedFormat,
  formats,
  type Profile,
  type ProfileFrame,
  type ProfileLabels,
  parseOtlp,
  parsePprof,
} from './index.ts';

const frames: readonly ProfileFrame[] = [
  { name: 'app', kind: 'process' },
  { name: 'main', kind: 'user', object: '/srv/app' },
];
const metadata: Profile['metadata'] = {
  ...{ host: 'h', frequencyHz: 99, startTime: new Date(0), durationSeconds: 1 },
  ...{ samples: 15, lostSamples: 0 },
};
const profile: Profile = {
  stacks: [
    { frames, count: 1, labels: { pid: 7, comm: 'app', container: 'c"\n\ud800' } },
    { frames, count: 2, labels: { pid: 8, comm: 'app', 'team/λ': 'é', process: 'x' } },
    { frames, count: 4, labels: { comm: 'app', pid: 7, container: 'c"\n\ud800' } },
    { frames, count: 8 },
  ],
  metadata,
};
const withoutLabels: Profile = { stacks: [{ frames, count: 15 }], metadata };

const byLabels = ({ stacks }: Profile) =>
  new Map(stacks.map(({ labels, count }) => [JSON.stringify(sorted(labels)), count] as const));
const sorted = (labels: ProfileLabels = {}) =>
  Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
const expected = new Map([
  [JSON.stringify({ comm: 'app', container: 'c"\n\ufffd', pid: 7 }), 5],
  [JSON.stringify(sorted({ comm: 'app', pid: 8, process: 'x', 'team/λ': 'é' })), 2],
  ['{}', 8],
]);

test('pprof and OTLP keep them, and stacks of equal labels are one', () => {
  for (const read of [parsePprof(encodePprof(profile)), parseOtlp(encodeOtlp(profile))]) {
    expect(byLabels(read)).toEqual(expected);
    for (const stack of read.stacks) expect(stack.frames).toMatchObject([...frames]);
  }
});

test('each goes from one to the other', () => {
  const there = parseOtlp(encodeOtlp(parsePprof(encodePprof(profile))));
  expect(byLabels(parsePprof(encodePprof(there)))).toEqual(expected);
});

test('a profile of several values keeps them', () => {
  const values = {
    types: [
      { type: 'samples', unit: 'count' },
      { type: 'wait', unit: 'nanoseconds' },
    ],
    shown: 1,
  };
  const stacks = profile.stacks.map((stack) => ({ ...stack, values: [stack.count, 0] }));
  for (const read of [
    parsePprof(encodePprof({ stacks, values, metadata })),
    parseOtlp(encodeOtlp({ stacks, values, metadata })),
  ]) {
    const counts = read.stacks.map(({ labels, values: [count = 0] = [] }) => [
      JSON.stringify(sorted(labels)),
      count,
    ]);
    expect(new Map(counts as [string, number][])).toEqual(expected);
  }
});

test.each(formats.filter(({ labels }) => !labels).map((format) => [format.name, format] as const))(
  '%s sums over them',
  (_, format) => {
    expect(format.encode(profile)).toEqual(format.encode(withoutLabels));
  },
);

test('folded stacks too', () => {
  expect(foldedFormat.encode(profile)).toBe('app;main 15\n');
});
