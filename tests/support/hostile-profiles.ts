// Small files that say of themselves that they are huge: packed ones, stacks that share their callers,
// functions that are inlined into one place by the thousand, tables of nothing. Each is one way to make
// gigabytes of some kilobytes.

import { gzipSync, zstdCompressSync } from 'node:zlib';

/** A message of protocol buffers, from its fields. */
const field = (id: number, bytes: Uint8Array): Buffer =>
  Buffer.concat([varint((id << 3) | 2), varint(bytes.length), bytes]);
const number = (id: number, value: number): Buffer =>
  Buffer.concat([varint(id << 3), varint(value)]);
const texts = (id: number, ...values: string[]): Buffer[] =>
  values.map((value) => field(id, Buffer.from(value)));

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return Buffer.from([...bytes, rest]);
}

const repeated = (bytes: Uint8Array, times: number): Buffer =>
  Buffer.alloc(bytes.length * times, bytes);
const list = <Each>(length: number, make: (index: number) => Each): Each[] =>
  Array.from({ length }, (_, index) => make(index));

/** One location with as many lines, and samples that are at it as often. */
export function pprofOfInlined(lines: number, samples: number): Uint8Array {
  const line = field(4, Buffer.concat([number(1, 1), number(2, 7)]));
  const at = repeated(varint(1), samples);
  const profile = Buffer.concat([
    field(1, Buffer.concat([number(1, 1), number(2, 2)])),
    field(2, Buffer.concat([field(1, at), field(2, varint(1))])),
    field(4, Buffer.concat([number(1, 1), repeated(line, lines)])),
    field(5, Buffer.concat([number(1, 1), number(2, 3)])),
    ...texts(6, '', 'samples', 'count', 'main'),
  ]);
  return gzipSync(profile);
}

/** Each sample a different long path, so that no two share anything in a tree. */
export function pprofOfPaths(samples: number, depth: number): Uint8Array {
  const functions = 127;
  const locations = list(functions, (index) =>
    Buffer.concat([
      field(4, Buffer.concat([number(1, index + 1), field(4, number(1, index + 1))])),
      field(5, Buffer.concat([number(1, index + 1), number(2, 3 + index)])),
    ]),
  );
  const stacks = list(samples, (index) => {
    const path = Buffer.alloc(depth, 1);
    // Leaf first: the differences are at the root.
    path[depth - 1] = 1 + (index % functions);
    path[depth - 2] = 1 + (Math.floor(index / functions) % functions);
    return field(2, Buffer.concat([field(1, path), field(2, varint(1))]));
  });
  return gzipSync(
    Buffer.concat([
      field(1, Buffer.concat([number(1, 1), number(2, 2)])),
      ...stacks,
      ...locations,
      ...texts(6, '', 'samples', 'count', ...list(functions, (index) => `f${index}`)),
    ]),
  );
}

/** One name of a megabyte in a stack of many. */
export function pprofOfALongName(letters: number, frames: number): Uint8Array {
  return gzipSync(
    Buffer.concat([
      field(1, Buffer.concat([number(1, 1), number(2, 2)])),
      field(2, Buffer.concat([field(1, repeated(varint(1), frames)), field(2, varint(1))])),
      field(4, Buffer.concat([number(1, 1), field(4, number(1, 1))])),
      field(5, Buffer.concat([number(1, 1), number(2, 3)])),
      ...texts(6, '', 'samples', 'count', 'n'.repeat(letters)),
    ]),
  );
}

/** `which` field of a pprof profile, empty, again and again. */
export function pprofOfNothing(which: number, times: number): Uint8Array {
  const begin = texts(6, '', 'samples', 'count');
  return gzipSync(Buffer.concat([...begin, repeated(field(which, Buffer.alloc(0)), times)]));
}

/** Samples of one type more each, with a value of each. */
export function pprofOfTypes(types: number, samples: number): Uint8Array {
  return gzipSync(
    Buffer.concat([
      repeated(field(1, Buffer.concat([number(1, 1), number(2, 2)])), types),
      repeated(field(2, field(2, Buffer.from([1]))), samples),
      ...texts(6, '', 'samples', 'count'),
    ]),
  );
}

/** Field numbers of messages inside of each other, the last one empty and there again and again. */
export function otlpOfNothing(path: readonly number[], times: number): Uint8Array {
  const [last = 1, ...outer] = path.toReversed();
  let bytes = repeated(field(last, Buffer.alloc(0)), times);
  for (const id of outer) bytes = field(id, bytes);
  return gzipSync(bytes);
}

/** A table of stacks of which each is the one before and a frame more. */
export function firefoxChain(length: number): string {
  const rows = list(length, (index) => index);
  return JSON.stringify({
    meta: { preprocessedProfileVersion: 50, interval: 1, product: 'x', categories: [] },
    libs: [],
    threads: [
      {
        name: 'main',
        samples: { stack: rows, length, weight: null, time: rows },
        stackTable: { frame: rows.map(() => 0), prefix: rows.map((row) => (row ? row - 1 : null)) },
        frameTable: { func: [0] },
        funcTable: { name: [0] },
        resourceTable: {},
        stringArray: ['f'],
      },
    ],
  });
}

export function cpuProfileChain(length: number): string {
  const callFrame = { functionName: 'f', url: '', scriptId: '0', lineNumber: 0, columnNumber: 0 };
  return JSON.stringify({
    nodes: list(length, (index) => ({
      id: index + 1,
      callFrame,
      hitCount: 1,
      ...(index + 1 < length ? { children: [index + 2] } : {}),
    })),
    startTime: 0,
    endTime: 1,
  });
}

/** A chain of nodes that stand for no function: stacks without a frame, each as far from its root as it says. */
export function cpuProfileOfRoots(length: number): string {
  const callFrame = { functionName: '(root)', url: '' };
  const nodes = list(length, (index) => ({ id: index, callFrame, hitCount: 1, parent: index - 1 }));
  const [first, ...others] = nodes;
  return JSON.stringify({ nodes: [{ ...first, parent: undefined }, ...others] });
}

export function heapProfileChain(length: number): string {
  const callFrame = '{"functionName":"f","url":""}';
  const open = `{"callFrame":${callFrame},"selfSize":8,"children":[`;
  return `{"head":${open.repeat(length)}${']}'.repeat(length)}}`;
}

/** Frames that open and never close, with time between. */
export function speedscopeNesting(depth: number): string {
  const events = list(depth, (at) => ({ type: 'O', frame: 0, at }));
  return JSON.stringify({
    shared: { frames: [{ name: 'f' }] },
    profiles: [{ type: 'evented', unit: 'none', startValue: 0, endValue: depth, events }],
  });
}

/** A million frames that do not close: each close looks for one that is not open. */
export function speedscopeClosing(depth: number): string {
  const events = [
    ...list(depth, () => ({ type: 'O', frame: 0, at: 0 })),
    ...list(depth, (at) => ({ type: 'C', frame: 1, at })),
  ];
  return JSON.stringify({
    shared: { frames: [{ name: 'f' }, { name: 'g' }] },
    profiles: [{ type: 'evented', unit: 'none', startValue: 0, endValue: 2 * depth, events }],
  });
}

export const foldedDeep = (frames: number): string => `${'f;'.repeat(frames)}f 1\n`;

/** A stack of one function each, that no other has. */
export const foldedFunctions = (lines: number): string =>
  list(lines, (index) => `${index.toString(16)} 1\n`).join('');

/** Each line with a frame more than the one before: written so, it is as large as it says. */
export const foldedChain = (lines: number): Uint8Array =>
  gzipSync(list(lines, (index) => `${'f;'.repeat(index)}f 1\n`).join(''));

export const perfScriptDeep = (frames: number): string =>
  `prog 1 1.000: 1 cycles:\n${'\t    7f0000001000 f (/bin/prog)\n'.repeat(frames)}\n`;

/** A header of one long line, by which patterns that go back and forth take for ever. */
export const perfScriptLongLine = (letters: number): string =>
  `${'a 1 '.repeat(letters / 4)}\n\t    7f0000001000 f (/bin/prog)\n\n`;

export const deepJson = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
export const wideJson = (length: number): Uint8Array =>
  gzipSync(`{"nodes":[${'{},'.repeat(length)}{}]}`);

/** Packed several times: each layer a thousand times what is in it. */
export function bomb(bytes: number, layers: number, pack: 'gzip' | 'zstd'): Uint8Array {
  const packed = pack === 'gzip' ? gzipSync : zstdCompressSync;
  let content: Uint8Array = Buffer.alloc(bytes, 'a');
  for (let layer = 0; layer < layers; layer++) content = packed(content);
  return content;
}

/** What perf script prints of as many samples: nothing hostile, but large. */
export function* largePerfScript(bytes: number): Generator<string> {
  let written = 0;
  for (let sample = 0; written < bytes; ) {
    let text = '';
    for (let each = 0; each < 1000; each++, sample++) {
      text += `server ${sample % 64} [00${sample % 8}] ${sample}.000001: 10101010 cycles:ppp: \n`;
      for (let depth = 0; depth < 40; depth++)
        text += `\t    7f00${(sample % 500).toString(16).padStart(4, '0')}${depth % 10}0 work_${depth}_${depth < 30 ? 0 : sample % 500}+0x1f (/usr/lib/libserver.so)\n`;
      text += '\n';
    }
    written += text.length;
    yield text;
  }
}

/** A pprof as large as it is to be, of stacks of 40 frames that have most of their callers in common. */
export function largePprof(bytes: number): Uint8Array {
  const functions = 20_000;
  const locations = list(functions, (index) =>
    Buffer.concat([
      field(4, Buffer.concat([number(1, index + 1), field(4, number(1, index + 1))])),
      field(5, Buffer.concat([number(1, index + 1), number(2, 3 + index)])),
    ]),
  );
  const samples: Buffer[] = [];
  for (let size = 0, index = 0; size < bytes; index++) {
    const path = list(40, (depth) =>
      varint(1 + ((index * (depth < 10 ? 7 : 0) + depth * 61) % functions)),
    );
    const sample = field(2, Buffer.concat([field(1, Buffer.concat(path)), field(2, varint(1))]));
    samples.push(sample);
    size += sample.length;
  }
  return Buffer.concat([
    field(1, Buffer.concat([number(1, 1), number(2, 2)])),
    ...samples,
    ...locations,
    ...texts(6, '', 'samples', 'count', ...list(functions, (index) => `function_${index}`)),
  ]);
}
