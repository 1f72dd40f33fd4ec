/**
 * Names as people wrote them: C++ (Itanium ABI) and Rust (legacy and v0) symbols demangled, all
 * others left as they are. Answers are cached, and names made to be expensive are left mangled, so
 * that a hostile binary can neither hang nor bloat the one who looks at it.
 */
import { WasmDemangler } from './wasm.ts';

/** Longer names stay mangled. Real ones beyond this exist and are read by nobody. */
const MAX_INPUT = 16_384;
/** Longer answers are dropped for the mangled name, in bytes. */
const MAX_OUTPUT = 65_536;
/** Characters of keys and answers in the cache, at two bytes each at most. */
const CACHE_CHARACTERS = 8 * 1024 * 1024;
/** Calls within the demangler: names of the C++ library need 6,000 at most, half of them 255. */
const MAX_CALLS = 1_000_000;
/** Milliseconds that names without an answer may cost in all; then each gets fewer calls. */
const FAILURE_BUDGET = 1000;
const FEWER_CALLS = 50_000;

let demangler: WasmDemangler | undefined;
const cache = new Map<string, string>();
let cached = 0;
let spent = 0;

/**
 * The demangled name, with parameters as the symbol has them, or `name` itself when it is not
 * mangled or cannot be demangled. A version or `@plt` behind the name stays.
 * @throws NodeJS.ErrnoException, CompileError of WebAssembly when the demangler cannot be loaded, and else nothing
 */
export function demangle(name: string): string {
  if (!isMangled(name)) return name;
  const known = cache.get(name);
  if (known !== undefined) return known;
  const at = name.indexOf('@');
  const answer = at < 0 ? ask(name) : ask(name.slice(0, at)) + name.slice(at);
  remember(name, answer);
  return answer;
}

/** `_Z` is C++ or legacy Rust, `_R` Rust v0; with more underscores on some systems. */
function isMangled(name: string): boolean {
  if (name.charCodeAt(0) !== 0x5f) return false;
  const second = name.charCodeAt(1);
  return second === 0x5a || second === 0x52 || name.startsWith('__Z') || name.startsWith('___Z');
}

function ask(name: string): string {
  if (name.length > MAX_INPUT) return name;
  demangler ??= new WasmDemangler();
  const started = performance.now();
  const maxCalls = spent > FAILURE_BUDGET ? FEWER_CALLS : MAX_CALLS;
  const answer = demangler.demangle(name, { maxOutput: MAX_OUTPUT, maxCalls });
  if (answer === undefined) {
    spent += performance.now() - started;
    return name;
  }
  // What it does not know comes back unchanged, or without its first underscore.
  return answer === '' || name.endsWith(answer) ? name : answer;
}

function remember(name: string, answer: string): void {
  const size = name.length + answer.length;
  // Names repeat within a profile, not in an order that is worth keeping: start over when full.
  if (cached + size > CACHE_CHARACTERS) {
    cache.clear();
    cached = 0;
  }
  cache.set(name, answer);
  cached += size;
}
