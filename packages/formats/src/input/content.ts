/**
 * What bytes are, by their beginning and shape: text or not, which of the two messages of protocol
 * buffers that are read, or a file of a kind that is known and not read, with what to do instead.
 */
import { startsWith } from '../file-bytes.ts';
import { WireReader } from '../wire.ts';

const asciiOf = (text: string): number[] => [...text].map((letter) => letter.charCodeAt(0));

/** Bytes at the beginning, and what a person is told. */
const OTHERS: readonly (readonly [readonly number[], string])[] = [
  [asciiOf('PERFILE2'), 'it is a perf.data file: give the output of `perf script -i` on it'],
  [asciiOf('2ELIFREP'), 'it is a perf.data file: give the output of `perf script -i` on it'],
  [asciiOf('FLR\0'), 'it is a Java Flight Recorder file: convert it with jfrconv first'],
  [asciiOf('JAVA PROFILE'), 'it is a Java heap dump, which has no samples'],
  [
    asciiOf('go 1.'),
    'it is a Go execution trace: `go tool trace -pprof=TYPE` makes a profile of it',
  ],
  [asciiOf('Nettrace'), 'it is a .NET trace: convert it with dotnet-trace convert first'],
  [asciiOf('heap profile:'), "it is gperftools' text format: pprof -proto writes it anew"],
  [asciiOf('--- '), "it is gperftools' text format: pprof -proto writes it anew"],
  [asciiOf('# callgrind'), 'it is a callgrind file'],
  [asciiOf('<?xml'), 'it is XML; of a flame graph the recorded profile is needed'],
  [asciiOf('<svg'), 'it is a picture; the recorded profile is needed'],
  [asciiOf('<!DOCTYPE'), 'it is a page; the recorded profile is needed'],
  [asciiOf('<!doctype'), 'it is a page; the recorded profile is needed'],
  [asciiOf('<html'), 'it is a page; the recorded profile is needed'],
  [asciiOf('PK\x03\x04'), 'it is a zip archive: unpack it first'],
  [asciiOf('BZh'), 'it is packed with bzip2: unpack it first'],
  [[0xfd, ...asciiOf('7zXZ')], 'it is packed with xz: unpack it first'],
  [[0x7f, ...asciiOf('ELF')], 'it is a program or library'],
  [asciiOf('SQLite format 3'), 'it is an SQLite database'],
];

/** Lines of callgrind's header, which may come in any order. */
const CALLGRIND = /^(?:version|creator|positions|events): .*\n(?:.*\n){0,40}?f[ln]=/m;

export function knownOther(bytes: Uint8Array): string | undefined {
  const head = new TextDecoder('latin1').decode(bytes.subarray(0, 4096));
  if (CALLGRIND.test(head)) return 'it is a callgrind file';
  return OTHERS.find(([magic]) => startsWith(bytes, ...magic))?.[1];
}

const LOOKED_AT = 1 << 16;
/** Control characters that text has: tab to carriage return, and escape in coloured output. */
const isTextByte = (byte: number): boolean =>
  byte >= 0x20 || (byte >= 9 && byte <= 13) || byte === 27;

/** Without control characters, or marked as UTF-16. */
export function isText(bytes: Uint8Array): boolean {
  if (startsWith(bytes, 0xff, 0xfe) || startsWith(bytes, 0xfe, 0xff)) return true;
  return bytes.subarray(0, LOOKED_AT).every(isTextByte);
}

const STRING_TABLE = 6;

/**
 * Both begin alike, but only a pprof profile has strings of its own beside its samples: a request has
 * two fields, numbered 1 and 2.
 */
export function binaryKind(bytes: Uint8Array): 'pprof' | 'otlp' | undefined {
  const fields = topLevelFields(bytes);
  if (fields === undefined) return undefined;
  if (fields.has(STRING_TABLE)) return 'pprof';
  return [...fields].every((field) => field === 1 || field === 2) ? 'otlp' : undefined;
}

/** The numbers of the fields of a message; `undefined` when it is none. */
function topLevelFields(bytes: Uint8Array): ReadonlySet<number> | undefined {
  const fields = new Set<number>();
  try {
    new WireReader(bytes).fields((field) => fields.add(field));
  } catch {
    return undefined;
  }
  return fields;
}
