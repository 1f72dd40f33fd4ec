import { expect, test } from 'bun:test';
import type { ProfileFrame } from '@waggle/formats';
import { summaryLines } from './profile-summary.ts';

const metadata = {
  host: '',
  frequencyHz: 99,
  startTime: new Date(0),
  durationSeconds: 1,
  samples: 0,
  lostSamples: 0,
};
const root: ProfileFrame = { name: 'app', kind: 'process' };
const stack = (count: number, leaf: ProfileFrame) => ({ frames: [root, leaf], count });

test('the five functions with most samples, and where names are missing', () => {
  const lines = summaryLines({
    metadata,
    stacks: [
      ...[40, 20, 10, 5, 4, 1].map((count, index) =>
        stack(count, { name: `f${index}`, kind: 'user' }),
      ),
      stack(12, { name: '[libx.so+0x10]', kind: 'unresolved', object: '/lib/libx.so' }),
      stack(5, { name: '[anon+0x10]', kind: 'unresolved', object: '//anon' }),
      stack(3, { name: '[unknown]', kind: 'unresolved' }),
    ],
  });
  expect(lines).toEqual([
    'most time in f0 40.0 %, f1 20.0 %, f2 10.0 %, f3 5.0 %, f4 4.0 %',
    '20.0 % of samples in code without a name: /lib/libx.so (no symbols for it) 12.0 %, memory without a file 5.0 %, addresses that nothing was mapped at 3.0 %',
  ]);
});

test('no samples, no words', () => {
  expect(summaryLines({ metadata, stacks: [] })).toEqual([]);
});

test('names cannot play tricks on the terminal', () => {
  const [line] = summaryLines({
    metadata,
    stacks: [stack(1, { name: '\u001b[2J', kind: 'user' })],
  });
  expect(line).not.toContain('\u001b');
});
