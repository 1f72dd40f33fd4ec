/**
 * One name for a function, whatever compiled it: a runtime compiles what is hot again, and names each
 * compilation apart, so that one function would be several. Nothing but what a runtime or its profiler
 * is known to write is taken off:
 *
 * - V8 (src/logging/log.cc): `JS:~`, `^`, `+` and `*` for Ignition, Sparkplug, Maglev and TurboFan;
 *   `LazyCompile:` and `Function:` before `JS:`, `Script:`, `Eval:` and `RegExp:` beside it
 * - JavaScriptCore (jitdumps of LinkBuffer.cpp): `JSC-Baseline: `, `JSC-DFG: `, `JSC-FTL: `
 * - .NET (perfmap.cpp): `[Tier0]`, `[OptimizedTier1]` and others behind a method's signature
 * - async-profiler, option `ann`: `_[j]`, `_[i]`, `_[0]` and `_[1]` for compiled, inlined, interpreted
 *   and compiled by C1, behind `package/Class.method`; FlameGraph's stackcollapse-perf.pl has the
 *   first two behind any name
 */
import type { Profile, ProfileFrame, ProfileStack } from './profile.ts';

const V8 = /^(JS|LazyCompile|Function|Script|Eval|RegExp):[~^+*](?=.)/s;
/** What V8 calls `JS:` now: which of the two it was depended on how the function was compiled. */
const V8_FUNCTIONS = new Set(['LazyCompile', 'Function']);
const JSC = /^JSC-(?:LLInt|Baseline|DFG|FTL|WasmBBQ|WasmOMG|BBQ|OMG): (?=.)/s;
const DOTNET =
  /(?<=\))\[(?:PreJIT|ReadyToRun|MinOptJitted|Optimized|QuickJitted|Tier0|Tier1|Tier-0|Tier-1|OptimizedTier1|OptimizedTier1OSR|OptimizedTier1Instrumented|Instrumented|InstrumentedTier0|InstrumentedTier1|QuickJittedInstrumented)\]$/;
const ANNOTATED = /(?<=.)_\[[ij]\]$/s;
/**
 * `java/lang/Thread.run`, and `java.lang.Thread.run` by async-profiler's option `dot`: numbers behind
 * other names may mean anything.
 */
const JAVA = /^(?:[^\s./;]+[./])*[^\s./;]+\.[^\s./;(]+(?:\([^)]*\)\S*)?(?=_\[[01]\]$)/;

/** The function's name without its tier; the name itself where there is none in it. */
export function withoutTier(name: string): string {
  const v8 = V8.exec(name);
  if (v8 !== null) {
    const [marked, tag = ''] = v8;
    return `${V8_FUNCTIONS.has(tag) ? 'JS' : tag}:${name.slice(marked.length)}`;
  }
  if (JSC.test(name)) return name.replace(JSC, 'JSC: ');
  if (!name.endsWith(']')) return name;
  if (ANNOTATED.test(name)) return name.slice(0, -'_[j]'.length);
  const java = JAVA.exec(name);
  return java === null ? name.replace(DOTNET, '') : java[0];
}

/** The profile with one frame for each function, where it had one for each tier. */
export function withoutTiers<Read extends Pick<Profile, 'stacks'>>(profile: Read): Read {
  const known = new Map<ProfileFrame, ProfileFrame>();
  const frameOf = (frame: ProfileFrame): ProfileFrame => {
    let found = known.get(frame);
    if (found === undefined) {
      // Nothing of the kernel's is compiled so. The root, a process for us, is a function for others.
      const name = frame.kind === 'kernel' ? frame.name : withoutTier(frame.name);
      found = name === frame.name ? frame : { ...frame, name };
      known.set(frame, found);
    }
    return found;
  };
  const hasTiers = ({ frames }: ProfileStack) => frames.some((frame) => frameOf(frame) !== frame);
  if (!profile.stacks.some(hasTiers)) return profile;
  const stacks = profile.stacks.map((stack) =>
    hasTiers(stack) ? { ...stack, frames: stack.frames.map(frameOf) } : stack,
  );
  return { ...profile, stacks };
}
