// Files for `convert` and `diff` that are small and say that they are huge, by name, with what has to come of each.

import * as hostile from './hostile-profiles.ts';

export const TOO_LARGE = /would take too much memory: .+ the limit for a file of /;

export interface Hostile {
  readonly what: string;
  readonly file: () => Uint8Array | string;
  /** It is read where there is none. */
  readonly refused?: RegExp;
  /** Extensions, one convert each. */
  readonly outputs?: readonly string[];
  readonly mostMemory?: number;
}

/** Extensions of every format. */
export const ALL = ['folded', 'svg', 'html', 'pb.gz', 'speedscope.json', 'firefox.json', 'otlp'];

export const cases: readonly Hostile[] = [
  {
    what: 'a pprof of 20,000 inlined functions at 20,000 places of a stack',
    file: () => hostile.pprofOfInlined(20_000, 20_000),
    refused: TOO_LARGE,
  },
  {
    what: 'a pprof of 10,000 stacks of 3,000 frames that share nothing',
    file: () => hostile.pprofOfPaths(10_000, 3000),
    refused: TOO_LARGE,
  },
  {
    what: 'a pprof of 300 such stacks, in every format',
    file: () => hostile.pprofOfPaths(300, 2000),
    outputs: ALL,
  },
  {
    what: 'a pprof with a name of a megabyte in a stack of 300,000 frames',
    file: () => hostile.pprofOfALongName(1 << 20, 300_000),
    outputs: ['folded'],
    refused: /its folded stacks would be \d+ MB of text/,
  },
  {
    what: 'the same as pictures',
    file: () => hostile.pprofOfALongName(1 << 20, 300_000),
    outputs: ['svg', 'html'],
  },
  ...[2, 3, 4, 5, 6].map((id) => ({
    what: `a pprof of ten million empty fields ${id}`,
    file: () => hostile.pprofOfNothing(id, 10_000_000),
    refused: TOO_LARGE,
  })),
  {
    what: 'a pprof of 10,000 types of values for 10,000 samples',
    file: () => hostile.pprofOfTypes(10_000, 10_000),
    refused: TOO_LARGE,
  },
  ...[[1], [1, 2], [1, 2, 2], [1, 2, 2, 2], [2, 2], [2, 5], [2, 7], [2, 2, 3]].map((path) => ({
    what: `an OTLP request of ten million empty messages ${path.join('.')}`,
    file: () => hostile.otlpOfNothing(path, 10_000_000),
    refused: TOO_LARGE,
  })),
  {
    what: 'a chain of 30,000 stacks in a Firefox profile',
    file: () => hostile.firefoxChain(30_000),
    refused: TOO_LARGE,
  },
  {
    what: 'a chain of 20,000 calls in a .cpuprofile',
    file: () => hostile.cpuProfileChain(20_000),
    refused: TOO_LARGE,
  },
  {
    what: 'a chain of 60,000 nodes without a function in a .cpuprofile',
    file: () => hostile.cpuProfileOfRoots(60_000),
    refused: TOO_LARGE,
  },
  {
    what: 'a chain of 20,000 calls in a .heapprofile',
    file: () => hostile.heapProfileChain(20_000),
    refused: TOO_LARGE,
  },
  {
    what: '100,000 nested frames in an evented speedscope file',
    file: () => hostile.speedscopeNesting(100_000),
    refused: TOO_LARGE,
  },
  {
    what: '100,000 frames that are closed and were not open',
    file: () => hostile.speedscopeClosing(100_000),
  },
  {
    what: 'a folded stack of a million frames, in every format',
    file: () => hostile.foldedDeep(1_000_000),
    outputs: ALL,
  },
  {
    what: 'folded stacks of up to 6,000 frames',
    file: () => hostile.foldedChain(6000),
    refused: TOO_LARGE,
  },
  {
    what: 'a sample of 200,000 frames in perf script',
    file: () => hostile.perfScriptDeep(200_000),
    outputs: ['html'],
  },
  {
    what: 'a line of two million letters in perf script',
    file: () => hostile.perfScriptLongLine(2_000_000),
    outputs: ['html'],
  },
  {
    what: 'JSON of two million brackets',
    file: () => hostile.deepJson(1_000_000),
    refused: /JSON/,
  },
  {
    what: 'JSON of ten million objects',
    file: () => hostile.wideJson(10_000_000),
    refused: TOO_LARGE,
  },
  ...(['gzip', 'zstd'] as const).flatMap((pack) =>
    [1, 2, 3].map((layers) => ({
      what: `a gigabyte packed ${layers} times with ${pack}`,
      file: () => hostile.bomb(1e9, layers, pack),
      refused: TOO_LARGE,
    })),
  ),
];
