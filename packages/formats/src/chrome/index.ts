/** Profiles of V8, the JavaScript engine of Chrome and Node: read, not written. */
export { parseCpuProfile } from './cpu-profile.ts';
export { parseHeapProfile } from './heap-profile.ts';
export { ChromeSyntaxError } from './nodes.ts';
export { parseChromeTrace } from './trace.ts';
