/**
 * What a person can do where much of a profile is code that a runtime made and nobody described: the
 * option with which the runtime says what it is. Those of Bun, Deno, Java, Node and Python were tried;
 * the others are as their own documents have them.
 */

import type { Profile, ProfileFrame } from '@waggle/formats';
import { type RuntimeName, runtimeOfFrame, unnamedReason } from '@waggle/profiler';

/** Of all samples: below it, names would change little. */
const NOTABLE_SHARE = 0.05;

/**
 * .NET: learn.microsoft.com, "Runtime configuration options for debugging and profiling"; Erlang: "BeamAsm,
 * the Erlang JIT"; Julia: "Environment Variables"; PHP: ZEND_JIT_DEBUG_PERF in ext/opcache/jit/zend_jit.h;
 * Ruby: NEWS for 3.3.0; wasmtime: docs.wasmtime.dev, "Using perf on Linux".
 */
const HINTS: Readonly<Record<RuntimeName, string>> = {
  bun: 'names of JavaScript in Bun: set BUN_JSC_useJITDump=1',
  deno: 'names of JavaScript in Deno: deno run --v8-flags=--perf-basic-prof',
  dotnet: 'names of .NET methods: set DOTNET_PerfMapEnabled=1',
  erlang: 'names of Erlang functions: erl +JPperf true (OTP 24)',
  java: 'names of Java methods: jcmd PID Compiler.perfmap while it is recorded, or java -XX:+UnlockDiagnosticVMOptions -XX:+DumpPerfMapAtExit (both since 17); whole stacks: -XX:+PreserveFramePointer',
  julia:
    'names of Julia functions: set ENABLE_JITPROFILING=1 (where it was built with USE_PERF_JITEVENTS)',
  node: 'names of JavaScript in Node: node --perf-basic-prof',
  php: 'names of PHP functions that were compiled: php -d opcache.jit_debug=16',
  python: 'names of Python functions: python -X perf (3.12), or -X perf_jit (3.13)',
  ruby: 'names of Ruby methods that YJIT compiled: ruby --yjit-perf (3.3)',
  wasmtime: 'names of WebAssembly functions: wasmtime --profile=perfmap',
};

/** CPython's interpreter; with its trampolines, a frame `py::` stands between two of it. */
const PYTHON_LOOP = /^_PyEval_EvalFrameDefault(?:\.|$)/;
const PYTHON_FUNCTION = /^py::/;

/** Lines for stderr, one for each runtime. */
export function nameHintLines({ stacks }: Profile): string[] {
  const nameless = new Map<RuntimeName, number>();
  let total = 0;
  for (const { frames, count } of stacks) {
    total += count;
    for (const runtime of runtimesWithoutNames(frames))
      nameless.set(runtime, (nameless.get(runtime) ?? 0) + count);
  }
  return [...nameless]
    .filter(([, count]) => count >= NOTABLE_SHARE * total)
    .sort(([, a], [, b]) => b - a)
    .map(([runtime]) => HINTS[runtime]);
}

function runtimesWithoutNames(frames: readonly ProfileFrame[]): ReadonlySet<RuntimeName> {
  const found = new Set<RuntimeName>();
  let interprets = false;
  for (const frame of frames) {
    if (PYTHON_FUNCTION.test(frame.name)) return new Set();
    if (PYTHON_LOOP.test(frame.name)) interprets = true;
    const runtime = unnamedReason(frame) === 'no-perf-map' ? runtimeOfFrame(frame) : undefined;
    if (runtime !== undefined) found.add(runtime);
  }
  return interprets ? found.add('python') : found;
}
