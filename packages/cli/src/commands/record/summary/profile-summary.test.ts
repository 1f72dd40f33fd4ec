import { expect, test } from 'bun:test';
import type { ProfileFrame } from '@waggle/formats';
import type { UnnamedReason, UnresolvedFrame } from '@waggle/profiler';
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

const unnamed = (name: string, reason: UnnamedReason, object?: string): UnresolvedFrame => ({
  name,
  kind: 'unresolved',
  reason,
  ...(object === undefined ? {} : { object }),
});

test('the five functions with most samples, and where names are missing', () => {
  const lines = summaryLines({
    metadata,
    stacks: [
      ...[40, 20, 10, 5, 4, 1].map((count, index) =>
        stack(count, { name: `f${index}`, kind: 'user' }),
      ),
      stack(12, unnamed('[libx.so+0x10]', 'no-symbols', '/lib/libx.so')),
      stack(5, unnamed('[jit+0x10]', 'no-perf-map', '[jit]')),
      stack(3, unnamed('[unknown]', 'unmapped')),
    ],
  });
  expect(lines).toEqual([
    'most time in f0 40.0 %, f1 20.0 %, f2 10.0 %, f3 5.0 %, f4 4.0 %',
    '20.0 % of samples in code without a name: /lib/libx.so (no symbols for it) 12.0 %, generated code without a perf map 5.0 %, addresses that nothing was mapped at 3.0 %',
  ]);
});

test.each([
  ['cpu-clock', 'count', 'time'],
  ['off-cpu', 'microseconds', 'time'],
  ['cpu', 'nanoseconds', 'time'],
  ['live', 'bytes', 'bytes'],
  ['page-faults', 'count', 'page-faults'],
  ['uprobe:libc:malloc', 'count', 'of uprobe:libc:malloc'],
])('%s in %s is most %s', (type, unit, words) => {
  const values = { types: [{ type, unit }], shown: 0 };
  const lines = summaryLines({ metadata, stacks: [stack(1, { name: 'f', kind: 'user' })], values });
  expect(lines).toEqual([`most ${words} in f 100.0 %`]);
});

test('an object without its content says what became of it', () => {
  const [line] = summaryLines({
    metadata,
    stacks: [
      stack(5, unnamed('[a+0x10]', 'changed', '/a')),
      stack(3, unnamed('[b+0x10]', 'gone', '/b')),
      stack(1, unnamed('[b+0x10]', 'no-symbols', '/b')),
      stack(1, unnamed('[c+0x10]', 'limit', '/c')),
    ],
  });
  expect(line).toBe(
    '100.0 % of samples in code without a name: /a (changed since it was mapped) 50.0 %, /b (gone before it could be opened) 30.0 %, /b (no symbols for it) 10.0 %, /c (not opened, too many files are open) 10.0 %',
  );
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

test('a kernel that hides its symbols is said to; a module without a name is not that', () => {
  const hidden = stack(3, { name: '[kernel+0xffffffff81000000]', kind: 'kernel' });
  const user = stack(7, { name: 'f', kind: 'user' });
  const said = (stacks: ReturnType<typeof stack>[], isShown = false) =>
    summaryLines({ metadata, stacks }, () => isShown).filter((line) => line.includes('kernel f'));
  expect(said([hidden, user])).toEqual([
    expect.stringMatching(/^30\.0 % of samples in kernel functions without a name: .* CAP_SYSLOG/),
  ]);
  expect(said([hidden, user, stack(1, { name: 'do_syscall_64', kind: 'kernel' })])).toEqual([]);
  expect(said([user])).toEqual([]);
  expect(said([hidden, user], true)).toEqual([
    expect.stringMatching(/^30\.0 % of samples in kernel .*: reading .* took too long/),
  ]);
});
