/**
 * What a person can do where much of a profile is code that a runtime made and nobody described: the
 * option with which the runtime says what it is, or, where it does, why it has not said so yet. Those of
 * Bun, Deno, Java, Node and Python were tried; the others are as their own documents have them.
 */

import type { Profile, ProfileFrame } from '@waggle/formats';
import {
  type RuntimeName,
  runtimeOfFrame,
  type UnnamedReason,
  unnamedReason,
} from '@waggle/profiler';

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
  java: 'names of Java methods: record with --java-perf-map, or java -XX:+UnlockDiagnosticVMOptions -XX:+DumpPerfMapAtExit and recorded until it ends (both since 17); whole stacks: -XX:+PreserveFramePointer',
  julia:
    'names of Julia functions: set ENABLE_JITPROFILING=1 (where it was built with USE_PERF_JITEVENTS)',
  node: 'names of JavaScript in Node: record by tables (not --unwind fp) and without --no-interpreters (Node 18 to 24), or node --perf-basic-prof',
  php: 'names of PHP functions that were compiled: php -d opcache.jit_debug=16',
  python:
    'names of Python functions: record by tables (not --unwind fp) and without --no-interpreters (CPython 3.8 to 3.15), or run python -X perf (3.12), or -X perf_jit (3.13)',
  ruby: 'names of Ruby methods that YJIT compiled: ruby --yjit-perf (3.3)',
  wasmtime: 'names of WebAssembly functions: wasmtime --profile=perfmap',
};

/** CPython's interpreter; with its trampolines, a frame `py::` stands between two of it. */
const PYTHON_LOOP = /^_PyEval_EvalFrameDefault(?:\.|$)/;
const PYTHON_FUNCTION = /^py::/;

/** Of those that have a perf map, or a jitdump that is not finished. */
const PENDING =
  'in pieces, the last when it ends: for the names of what came last, record until then';
const PENDING_HINTS: Readonly<Partial<Record<RuntimeName, string>>> = {
  python: `names of Python functions: Python writes its jitdump (-X perf_jit) ${PENDING}; the map of -X perf is written at once`,
  bun: `names of JavaScript in Bun: it writes its jitdump ${PENDING}`,
  java: `names of Java methods: the agent writes its jitdump ${PENDING}`,
  node: `names of JavaScript in Node: it writes its jitdump (--perf-prof) ${PENDING}; the map of --perf-basic-prof is written at once`,
  deno: `names of JavaScript in Deno: it writes its jitdump ${PENDING}`,
};
const ANY_PENDING = `names of generated code: its jitdump is written ${PENDING}`;

const STALE_HINTS: Readonly<Partial<Record<RuntimeName, string>>> = {
  java: 'names of Java methods: what was compiled after the perf map was written is not in it: record with --java-perf-map, which has it written again',
};

/** What stands for the object of functions that were walked. */
const WALKED_PYTHON = '[python]';

/** Whether there are frames of Python functions with names, or without, or none. */
type PythonNames = 'there' | 'missing' | 'unasked';

const PYTHON_HINTS: Readonly<Partial<Record<PythonNames, string>>> = {
  missing:
    'names of Python functions: Python runs with -X perf, and /tmp/perf-PID.map is not there, or not of its user',
  unasked: HINTS.python,
};

/** Lines for stderr, one for each runtime. */
export function nameHintLines({ stacks }: Profile): string[] {
  const nameless = new Map<string, number>();
  let total = 0;
  // Then all that the hint says has been done: what has no names is a start, or an end, or is not walked.
  const isWalked = stacks.some(({ frames }) =>
    frames.some(({ object }) => object === WALKED_PYTHON),
  );
  for (const { frames, count } of stacks) {
    total += count;
    for (const hint of hintsOf(frames, isWalked))
      nameless.set(hint, (nameless.get(hint) ?? 0) + count);
  }
  return [...nameless]
    .filter(([, count]) => count >= NOTABLE_SHARE * total)
    .sort(([, a], [, b]) => b - a)
    .map(([hint]) => hint);
}

function hintsOf(frames: readonly ProfileFrame[], isWalked: boolean): ReadonlySet<string> {
  const found = new Set<string>();
  const has = (name: RegExp) => frames.some((frame) => name.test(frame.name));
  const python: PythonNames = has(PYTHON_FUNCTION)
    ? 'there'
    : hasTrampoline(frames)
      ? 'missing'
      : 'unasked';
  for (const frame of frames) {
    const hint = hintOf(unnamedReason(frame), runtimeOfFrame(frame), python);
    if (hint !== undefined) found.add(hint);
  }
  // Its functions have no frames of their own then, which could be without a name.
  if (python === 'unasked' && !isWalked && found.size === 0 && has(PYTHON_LOOP))
    found.add(HINTS.python);
  return found;
}

/** With -X perf, code is generated for each function that does nothing but run the interpreter for it. */
function hasTrampoline(frames: readonly ProfileFrame[]): boolean {
  return frames.some((frame, index) => {
    const next = frames[index + 1];
    return runtimeOfFrame(frame) === 'python' && next !== undefined && PYTHON_LOOP.test(next.name);
  });
}

function hintOf(
  reason: UnnamedReason | undefined,
  runtime: RuntimeName | undefined,
  python: PythonNames,
): string | undefined {
  switch (reason) {
    case 'no-perf-map':
      return runtime === 'python' ? PYTHON_HINTS[python] : runtime && HINTS[runtime];
    case 'not-yet-in-jitdump':
      return (runtime && PENDING_HINTS[runtime]) ?? ANY_PENDING;
    case 'not-in-perf-map':
      return runtime && STALE_HINTS[runtime];
    default:
      return undefined;
  }
}
