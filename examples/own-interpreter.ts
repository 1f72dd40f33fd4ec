// Functions of an interpreter that waggle does not know, in CPU profiles: what it takes is one value that says how its frames
// are found. The interpreter is tests/workloads/tiny.c. Runs the program and prints its stacks with their samples.
//
//   waggle run examples/own-interpreter.ts PROGRAM [ARGUMENT ...]

import {
  collapseRaw,
  cpuProfiler,
  defineAgent,
  definePlugin,
  type FrameListInterpreter,
  Profiler,
} from '@waggle/core';

/** What the interpreter says of itself: 32 bits each, as enum tiny_offset has them. */
const says = (index: number) => ({ symbol: 'tiny_offsets', at: 4 * index });

export const tiny: FrameListInterpreter = {
  name: 'tiny',
  fileNames: /^tiny$/,
  // A native frame in this function stands for the frames of bytecode that it runs.
  loop: ['tiny_run'],
  // struct thread *tiny_thread, of each thread; its field `frame`.
  innermost: { symbol: 'tiny_thread', isThreadLocal: true, path: [0, says(0)] },
  frame: {
    previous: says(1),
    // The frame's closure, and the closure's function.
    code: [0, says(3)],
    // FRAME_BEGINS: a function that bytecode calls has no call of the loop of its own.
    begins: { at: says(2), mask: 4 },
  },
  code: {
    proof: { at: 0, bytes: 4, value: 0x796e6974 },
    name: { path: [says(4)], start: 4, length: { at: 0, bytes: 4 } },
    file: { path: [16] },
    firstLine: 4,
  },
};

const tinyFunctions = (files: readonly string[]) =>
  definePlugin({
    name: 'tiny-functions',
    needs: { profiler: Profiler },
    setup({ services: { profiler } }) {
      profiler.addInterpreter(tiny);
      return {
        // Known before the command starts: its first samples have names.
        start: () => profiler.preload(files, 'interpreters'),
        async end() {
          const stacks = collapseRaw(await profiler.collectRaw());
          for (const [stack, samples] of stacks) console.log(`${stack} ${samples}`);
        },
      };
    },
  });

export default ([program = 'tiny', ...rest]: string[]) =>
  defineAgent({
    plugins: [tinyFunctions([program, ...rest]), cpuProfiler({ frequencyHz: 999, raw: true })],
    command: [program, ...rest],
  });
