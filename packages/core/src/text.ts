// @waggle/core/text: text that others chose (names, arguments, paths), for people, for JSON, and as the bytes
// that it was. Loads nothing else of core.

export { stringifyJson } from './text/json.ts';
export { escapedByte, printable, UNSAFE_CHARACTER } from './text/printable.ts';
export { bytesOf } from './text/well-formed.ts';
