import { expect, test } from 'bun:test';
import type { ProfileFrame } from '@waggle/formats';
import type { RuntimeName, UnnamedReason, UnresolvedFrame } from '@waggle/profiler';
import { nameHintLines } from './name-hints.ts';

const metadata = {
  host: '',
  frequencyHz: 99,
  startTime: new Date(0),
  durationSeconds: 1,
  samples: 0,
  lostSamples: 0,
};
const named = (name: string): ProfileFrame => ({ name, kind: 'user' });
const made = (runtime?: RuntimeName, reason: UnnamedReason = 'no-perf-map'): UnresolvedFrame => ({
  name: '[jit+0x10]',
  kind: 'unresolved',
  object: '[jit]',
  reason,
  ...(runtime && { runtime }),
});
const stack = (count: number, ...frames: ProfileFrame[]) => ({ frames, count });
const hints = (...stacks: ReturnType<typeof stack>[]) => nameHintLines({ metadata, stacks });

test('each runtime whose code is a notable part, most of it first', () => {
  const lines = hints(
    stack(60, named('main')),
    stack(10, made('node'), named('memcpy')),
    stack(20, made('java'), made('java')),
    stack(4, made('bun')),
    stack(6, made()),
  );
  expect(lines.map((line) => line.split(':')[0])).toEqual([
    'names of Java methods',
    'names of JavaScript in Node',
  ]);
});

test('code that is described, or was, is no matter', () => {
  expect(hints(stack(9, made('node', 'not-in-perf-map')), stack(1))).toEqual([]);
  expect(hints()).toEqual([]);
});

test('Python without the names of its functions', () => {
  const loop = named('_PyEval_EvalFrameDefault');
  expect(hints(stack(9, loop, named('list_sort')))[0]).toContain('python -X perf');
  expect(hints(stack(9, loop, named('py::work:/app.py'), loop))).toEqual([]);
});
