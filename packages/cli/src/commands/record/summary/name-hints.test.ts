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

test('code that is described, or was, is no matter, but where the map may be too old', () => {
  expect(hints(stack(9, made('node', 'not-in-perf-map')), stack(1))).toEqual([]);
  expect(hints(stack(9, made('java', 'not-in-perf-map')))[0]).toContain('--java-perf-map');
  expect(hints()).toEqual([]);
});

test('who writes a jitdump is not told to, but that the rest of it comes at the end', () => {
  for (const runtime of ['bun', 'deno', 'java', 'node', 'python', 'ruby', undefined] as const) {
    const lines = hints(stack(9, made(runtime, 'not-yet-in-jitdump')));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('record until then');
  }
});

const loop = named('_PyEval_EvalFrameDefault');
const trampoline = (reason: UnnamedReason) => made('python', reason);

test('Python without the names of its functions', () => {
  expect(hints(stack(9, loop, named('list_sort')))[0]).toContain('python -X perf');
  expect(hints(stack(9, loop, named('py::work:/app.py'), loop))).toEqual([]);
});

test('Python that was asked for names and has not given them is not asked again', () => {
  const [pending] = hints(stack(9, loop, trampoline('not-yet-in-jitdump'), loop));
  expect(pending).toContain('record until then');
  // Of a function that is described and one that is not yet.
  const half = stack(9, named('py::work:/app.py'), loop, trampoline('not-yet-in-jitdump'), loop);
  expect(hints(half)).toEqual([pending ?? '']);
  const [missing] = hints(stack(9, trampoline('no-perf-map'), loop));
  expect(missing).toContain('/tmp/perf-PID.map is not there');
  // Code of an extension is none of Python's.
  expect(hints(stack(9, named('py::work:/app.py'), loop, trampoline('no-perf-map')))).toEqual([]);
});

test('Python whose functions are walked needs nothing: a start has none yet', () => {
  const walked: ProfileFrame = { name: 'work', kind: 'user', object: '[python]' };
  expect(hints(stack(40, walked), stack(60, loop, named('mmap')))).toEqual([]);
});
