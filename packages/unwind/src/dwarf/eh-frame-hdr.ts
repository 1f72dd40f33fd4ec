/**
 * .eh_frame_hdr: where .eh_frame begins, and its functions in the order of their addresses. A loader
 * maps it (PT_GNU_EH_FRAME), so it is there even where section headers were stripped. Source: Linux
 * Standard Base Core, "DWARF Exception Header".
 */
import { UnwindError } from '../error.ts';
import { FrameCursor } from './frame-cursor.ts';
import { DW_EH_PE_omit, readPointer, readPointerValue } from './pointer-encoding.ts';

export interface EhFrameHeader {
  /** Virtual address of .eh_frame. */
  readonly ehFrame: number;
  /** Virtual addresses of functions, ascending in a sound file, and of their FDEs. */
  readonly functions: Float64Array;
  readonly descriptions: Float64Array;
}

const VERSION = 1;
/** An entry is two encoded pointers; none is shorter than a byte. */
const MIN_ENTRY_BYTES = 2;

/** @throws `UnwindError` for damage and for encodings without a meaning here */
export function readEhFrameHeader(bytes: Uint8Array, address: number): EhFrameHeader {
  const reader = new FrameCursor(bytes);
  const version = reader.u8();
  if (version !== VERSION) throw new UnwindError('unsupported', `.eh_frame_hdr ${version}`);
  const pointerEncoding = reader.u8();
  const countEncoding = reader.u8();
  const tableEncoding = reader.u8();
  // Here, "relative to data" means relative to this header.
  const bases = { section: address, data: address };
  const ehFrame = readPointer(reader, pointerEncoding, bases);
  const none = new Float64Array(0);
  if (countEncoding === DW_EH_PE_omit || tableEncoding === DW_EH_PE_omit) {
    return { ehFrame, functions: none, descriptions: none };
  }
  const count = readPointerValue(reader, countEncoding);
  if (!(count >= 0 && count * MIN_ENTRY_BYTES <= bytes.length - reader.at)) {
    throw new UnwindError('truncated', `.eh_frame_hdr has no room for ${count} entries`);
  }
  const functions = new Float64Array(count);
  const descriptions = new Float64Array(count);
  for (let entry = 0; entry < count; entry++) {
    functions[entry] = readPointer(reader, tableEncoding, bases);
    descriptions[entry] = readPointer(reader, tableEncoding, bases);
  }
  return { ehFrame, functions, descriptions };
}
