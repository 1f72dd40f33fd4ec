/** The text that `perf script` prints of a recording of Linux' perf: read, not written. */
export { isPerfScript, PerfScriptSyntaxError, parsePerfScript } from './parse.ts';
