import { describe, expect, test } from 'bun:test';
import { encodeFolded } from '../index.ts';
import { MemoryBudget } from '../memory-budget.ts';
import { ChromeSyntaxError, parseChromeTrace, parseCpuProfile, parseHeapProfile } from './index.ts';

/** Of a file of a megabyte, for the whole test. */
const budget = new MemoryBudget(1 << 20);

const callFrame = (functionName: string, url = '') => ({
  ...{ functionName, url, scriptId: '0', lineNumber: 3, columnNumber: 1 },
});
const nodes = [
  { id: 1, callFrame: callFrame('(root)'), hitCount: 0, children: [2, 4] },
  { id: 2, callFrame: callFrame('main', 'file:///srv/app.js'), hitCount: 1, children: [3] },
  { id: 3, callFrame: callFrame('', 'file:///srv/app.js'), hitCount: 2 },
  { id: 4, callFrame: callFrame('(idle)'), hitCount: 1 },
];

describe('.cpuprofile', () => {
  const timed = {
    nodes,
    startTime: 1000,
    endTime: 2000,
    samples: [2, 3, 3, 4],
    timeDeltas: [100, 200, -5, 300],
  };

  test('each sample lasts until the next one; times are shown, samples are counted', () => {
    const profile = parseCpuProfile(timed, budget);
    expect(profile.values).toEqual({
      types: [
        { type: 'samples', unit: 'count' },
        { type: 'time', unit: 'microseconds' },
      ],
      shown: 1,
    });
    expect(profile.stacks).toEqual([
      {
        frames: [{ name: 'main', kind: 'user', file: 'file:///srv/app.js' }],
        count: 200,
        values: [1, 200],
      },
      {
        frames: [
          { name: 'main', kind: 'user', file: 'file:///srv/app.js' },
          { name: '(anonymous)', kind: 'user', file: 'file:///srv/app.js' },
        ],
        count: 300,
        values: [2, 300],
      },
      { frames: [{ name: '(idle)', kind: 'user' }], count: 405, values: [1, 405] },
    ]);
    expect(profile.metadata).toMatchObject({ durationSeconds: 0.001, samples: 4 });
    expect(encodeFolded(profile)).toBe('(idle) 1\nmain 1\nmain;(anonymous) 2\n');
  });

  test('without samples, nodes say how often they were hit', () => {
    const profile = parseCpuProfile({ nodes }, budget);
    expect(profile.values).toBeUndefined();
    expect(encodeFolded(profile)).toBe('(idle) 1\nmain 1\nmain;(anonymous) 2\n');
  });

  test('the form before 2016, a tree', () => {
    const head = {
      ...{ functionName: '(root)', url: '', hitCount: 0, id: 1 },
      children: [{ functionName: 'main', url: '', hitCount: 3, id: 2, children: [] }],
    };
    expect(encodeFolded(parseCpuProfile({ head, startTime: 1, endTime: 2 }, budget))).toBe(
      'main 3\n',
    );
  });

  test('inconsistent ones are refused', () => {
    for (const wrong of [
      { ...timed, samples: [2, 9, 3, 4] },
      { nodes: [{ ...nodes[0], children: [7] }] },
      {
        nodes: [
          { id: 1, parent: 2, hitCount: 1, callFrame: callFrame('a') },
          { id: 2, parent: 1, hitCount: 1, callFrame: callFrame('b') },
        ],
      },
      { nodes: [{ callFrame: callFrame('a') }] },
      { nodes: 5 },
    ])
      expect(() => parseCpuProfile(wrong, budget)).toThrow(ChromeSyntaxError);
  });

  test('a deep tree', () => {
    const deep = Array.from({ length: 20_000 }, (_, index) => ({
      ...{ id: index, hitCount: index === 19_999 ? 1 : 0, callFrame: callFrame('f') },
      ...(index === 19_999 ? {} : { children: [index + 1] }),
    }));
    expect(parseCpuProfile({ nodes: deep }, budget).stacks[0]?.frames.length).toBe(20_000);
  });
});

test('.heapprofile: bytes that are alive', () => {
  const head = {
    ...{ callFrame: callFrame('(root)'), selfSize: 0 },
    children: [{ callFrame: callFrame('load'), selfSize: 4096, children: [] }],
  };
  const { values, stacks } = parseHeapProfile({ head }, budget);
  expect(values?.types).toEqual([{ type: 'inuse_space', unit: 'bytes' }]);
  expect(stacks).toEqual([
    { frames: [{ name: 'load', kind: 'user' }], count: 4096, values: [4096] },
  ]);
});

describe("traces of Chrome's DevTools", () => {
  const thread = { pid: 5, tid: 6 };
  const events = [
    { ph: 'M', ...thread, name: 'thread_name', args: { name: 'CrRendererMain' } },
    { ph: 'P', ...thread, id: '0x1', name: 'Profile', args: { data: { startTime: 1000 } } },
    {
      ...{ ph: 'P', pid: 5, tid: 9, id: '0x1', name: 'ProfileChunk' },
      args: {
        data: {
          cpuProfile: {
            nodes: [
              { id: 1, callFrame: callFrame('(root)') },
              { id: 2, parent: 1, callFrame: callFrame('main') },
            ],
            samples: [2, 2],
          },
          timeDeltas: [10, 20],
        },
      },
    },
    {
      ...{ ph: 'P', pid: 5, tid: 9, id: '0x1', name: 'ProfileChunk' },
      args: { data: { cpuProfile: { samples: [2, 7] }, timeDeltas: [30, 40] } },
    },
  ];

  test('the pieces are one profile, under its thread', () => {
    const profile = parseChromeTrace(events, budget);
    expect(profile.stacks.map(({ values }) => values)).toEqual([
      [3, 90],
      [1, 0],
    ]);
    // The node 7 began before the trace did.
    expect(encodeFolded(profile)).toBe('CrRendererMain;[unknown] 1\nCrRendererMain;main 3\n');
  });

  test('a whole profile in one event, as before 2018', () => {
    const data = { cpuProfile: { nodes, startTime: 0, endTime: 9, samples: [2], timeDeltas: [1] } };
    const event = { ph: 'I', ...thread, name: 'CpuProfile', args: { data } };
    expect(encodeFolded(parseChromeTrace([event], budget))).toBe('main 1\n');
  });

  test('a trace without a profile is refused', () => {
    expect(() => parseChromeTrace([{ ph: 'X', name: 'UpdateLayer' }], budget)).toThrow(
      ChromeSyntaxError,
    );
  });
});
