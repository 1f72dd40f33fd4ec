/**
 * @waggle/text: text that others chose (names, arguments, paths), for people, for JSON, and as the bytes
 * that it was. Needs nothing else of waggle.
 */

export { ByteWriter, billionsOf, NULL, rawBytes, restOf } from './byte-writer.ts';
export { stringifyJson } from './json.ts';
export { escapedByte, printable, UNSAFE_CHARACTER } from './printable.ts';
export { type ExecutedProgram, shellCommand } from './shell-command.ts';
export { type CommandLineOptions, commandLine, shellWord } from './shell-words.ts';
export { durationText, shortDuration, shortSize, sizeText } from './units.ts';
export { bytesOf } from './well-formed.ts';
