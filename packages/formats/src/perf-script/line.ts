/**
 * The lines that `perf script` prints: the header of a sample and the frames under it, with any set of
 * fields (`-F`), as perf has written them since Linux 3. From print_sample_start() and
 * sample__fprintf_callchain() of the kernel's tools/perf.
 */

export interface SampleHeader {
  readonly comm: string;
  /** Seconds, on the clock of the recording. */
  readonly time: number | undefined;
  readonly period: number | undefined;
  /** Without its modifiers: `cycles`, not `cycles:ppp`. */
  readonly event: string | undefined;
  /** What follows on the same line: the frame of a sample without a call chain, or a tracepoint's fields. */
  readonly rest: string;
}

export interface FrameLine {
  readonly address: bigint | undefined;
  /** Empty when perf found none. */
  readonly symbol: string;
  /** Path, or a name in brackets; `undefined` when perf knew none, or was not to print it. */
  readonly object: string | undefined;
  /** In the object, where perf printed it (`-F +dsoff`). */
  readonly objectOffset: bigint | undefined;
  readonly isInlined: boolean;
}

/** With the line of source that perf prints under it where it is asked to. */
export interface PlacedFrame extends FrameLine {
  readonly source?: { readonly file: string; readonly line: number };
}

const HEADER =
  /^\s*(?<comm>\S.*?)\s+-?\d+(?:\/-?\d+)?(?:\s+[A-Z]{1,2})?(?:\s+\[\d+\](?:\s+(?=\S*[^\d\s])[.a-zA-Z0-9]{4,6})?)?(?:\s+[A-Z]{1,2})?(?:\s+(?<time>\d+\.\d+):)?(?:\s+(?<period>\d+))?\s+(?<event>\S+?):(?:\s+(?<rest>.*))?$/;
/** Headers without an event: nothing else is sure to be there. */
const BARE_HEADER =
  /^\s*(?<comm>\S.*?)(?:\s+-?\d+(?:\/-?\d+)?)?(?:\s+\[\d+\])?(?:\s+(?<time>\d+\.\d+):)?(?:\s+(?<period>\d+))?\s*$/;
const MODIFIERS = /:[ukhHGSDpPIWebR]+$/;

export function headerOf(line: string): SampleHeader | undefined {
  return headerBy(HEADER, line);
}

export function bareHeaderOf(line: string): SampleHeader | undefined {
  return headerBy(BARE_HEADER, line);
}

function headerBy(pattern: RegExp, line: string): SampleHeader | undefined {
  const found = pattern.exec(line)?.groups;
  if (found?.comm === undefined) return undefined;
  const { comm, time, period, event, rest = '' } = found;
  return {
    comm,
    time: time === undefined ? undefined : Number(time),
    period: period === undefined ? undefined : Number(period),
    event: event?.replace(MODIFIERS, ''),
    rest: rest.trim(),
  };
}

const ADDRESS_AND_SYMBOL = /^\s*(?:0x)?(?<address>[0-9a-f]{1,16})(?:\s+(?<named>.*))?$/;
/** Paths and names in brackets may hold spaces and parentheses; symbols hardly hold " (/" or " ([". */
const IN_OBJECT = /^(?<symbol>.*?)\s*\((?<object>[/[].*)\)$/;
const IN_PLAIN_OBJECT = /^(?<symbol>.*?)\s*\((?<object>[^()]*(?:\([^()]*\))?)\)$/;
const OFFSET = /\+0x([0-9a-f]+)$/;

const PLAIN_FRAME = /^\s*[0-9a-f]{1,16}\s.*\([/[].*\)\s*$/;
/** Words in parentheses stand in prose too, and "bed" is a number: a digit tells them apart. */
const PLAIN_FRAME_OF_NAME = /^\s*(?=[a-f]*\d)[0-9a-f]{3,16}\s.*\s\([^()\s]+\)\s*$/;

/** A line with an address and an object: no other text looks like it. */
export function isPlainFrame(line: string): boolean {
  return PLAIN_FRAME.test(line) || PLAIN_FRAME_OF_NAME.test(line);
}

/** Without an object (`-F ip,sym`), what tells a frame is that it is indented, by more than a space. */
export function isIndentedFrame(line: string): boolean {
  return /^(?:\t|\s{2,})\s*[0-9a-f]{3,16}(?:\s+\S.*)?$/.test(line.trimEnd());
}

/** `undefined` when the line is no frame. Frames without an address have to name their object. */
export function frameOf(line: string): FrameLine | undefined {
  const text = line.trimEnd();
  const found = ADDRESS_AND_SYMBOL.exec(text)?.groups;
  const named = found === undefined ? text.trim() : (found.named ?? '').trim();
  const placed = placedOf(named);
  if (found === undefined) return placed && { address: undefined, ...placed };
  const address = BigInt(`0x${found.address}`);
  const bare = { symbol: symbolOf(named), object: undefined, objectOffset: undefined };
  return { address, ...(placed ?? { ...bare, isInlined: false }) };
}

function placedOf(text: string): Omit<FrameLine, 'address'> | undefined {
  const found = (IN_OBJECT.exec(text) ?? IN_PLAIN_OBJECT.exec(text))?.groups;
  if (found?.object === undefined) return undefined;
  const { symbol = '', object } = found;
  const offset = OFFSET.exec(object)?.[1];
  const path = object.replace(OFFSET, '').replace(/ \(deleted\)$/, '');
  const isInlined = path === 'inlined';
  return {
    symbol: symbolOf(symbol),
    object: isInlined || path === '' || path === '[unknown]' ? undefined : path,
    objectOffset: offset === undefined ? undefined : BigInt(`0x${offset}`),
    isInlined,
  };
}

function symbolOf(text: string): string {
  const symbol = text.replace(OFFSET, '').trim();
  return symbol === '[unknown]' ? '' : symbol;
}

/** `-F +srcline` prints a line of its own under a frame. */
export function sourceLineOf(line: string): { file: string; line: number } | undefined {
  const found = /^\s+(\S.*):(\d+)(?: \(discriminator \d+\))?\s*$/.exec(line);
  return found?.[1] === undefined ? undefined : { file: found[1], line: Number(found[2]) };
}

/** The same, where perf knew no line: `libc.so.6[27b25]`, `??:0`; and other fields of a line of their own. */
export function isNoFrame(line: string): boolean {
  return /^\s+(?:\S.*\[[0-9a-f]+\]|\?\?:\S*|insn:.*|ilen:.*)\s*$/.test(line);
}
