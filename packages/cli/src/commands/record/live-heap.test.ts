import { expect, test } from 'bun:test';
import { hostScope } from '@waggle/probes';
import { liveHeapLines, liveHeapRequest } from './live-heap.ts';

const MANY = { maxProbes: 512 };

test('what is no pair is told how one is written', () => {
  using scope = hostScope();
  expect(liveHeapRequest(MANY, scope)).toBeUndefined();
  for (const live of ['', 'get', 'get:', ':put', 'get:put:more', 'get(arg7):put', 'get(1):put'])
    expect(liveHeapRequest({ live, ...MANY }, scope)).toContain('ALLOCATE(arg2):FREE');
  expect(liveHeapRequest({ live: 'get:put', ...MANY }, scope)).toContain('say which file it is in');
});

test('malloc of a host is that of its C library, with what else there is of its family', () => {
  using scope = hostScope();
  const request = liveHeapRequest({ live: 'malloc', ...MANY }, scope);
  if (request === undefined || typeof request === 'string') throw new Error(request);
  const names = request.functions.map(({ event }) => event.request.text);
  expect(names).toContain('uprobe:libc:malloc');
  expect(names).toContain('uprobe:libc:free');
  expect(names.length).toBeGreaterThanOrEqual(8);
});

const NOTHING = {
  ...{ allocations: 0, allocatedBytes: 0, frees: 0, unknownFrees: 0, untracked: 0 },
  ...{ untrackedBytes: 0, bytesWithoutStack: 0 },
};

test('what there is in the end, what is missing from it, and how it came about', () => {
  expect(liveHeapLines(NOTHING, [])).toEqual([
    'live heap: 0 blocks of 0 B in all not freed; 0 allocations of 0 B, 0 frees',
  ]);
  const moments = [1, 2, 4].map((seconds) => ({ seconds, bytes: 5000 * seconds, blocks: seconds }));
  const missing = { unknownFrees: 1, untracked: 2, untrackedBytes: 64, bytesWithoutStack: 7 };
  expect(liveHeapLines({ ...NOTHING, ...missing }, moments)).toEqual([
    'live heap: 4 blocks of 20 kB in all not freed; 0 allocations of 0 B, 0 frees',
    '1 free of what was allocated before, or is not known',
    '2 allocations of 64 B not followed: too many were there at once',
    '7 B are under [no stack]: there were too many different ones',
    'not freed over time, 20 kB at most:',
    '     1.0 s     5000 B         1 block  ##########',
    '     2.0 s      10 kB        2 blocks  ####################',
    '     4.0 s      20 kB        4 blocks  ########################################',
  ]);
});
