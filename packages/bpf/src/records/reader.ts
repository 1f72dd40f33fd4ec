/**
 * What the generated readers of records are made of. A reader is pointed at a record where it lies, in a
 * ring or elsewhere, and reads its fields from there: nothing is copied but what is asked for.
 */

import { decodeText } from './text.ts';

/** include/linux/sched.h */
const TASK_COMM_LEN = 16;

/** Memory that a record lies in; the ring buffer reader's shape. */
export interface RecordMemory {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

const NOWHERE = new DataView(new ArrayBuffer(0));

/** Points at no record until `at()` was called; then it is good for as long as the memory is. */
export class RecordReader {
  view: DataView = NOWHERE;
  bytes: Uint8Array = new Uint8Array();
  offset = 0;

  /** Points it at the record there. */
  at({ bytes, view }: RecordMemory, offset: number): this {
    this.view = view;
    this.bytes = bytes;
    this.offset = offset;
    return this;
  }
}

/** A 64-bit number that stays below 2^53, or does in practice. */
export function u53(view: DataView, offset: number): number {
  return view.getUint32(offset, true) + view.getUint32(offset + 4, true) * 0x1_0000_0000;
}

/** A task's name where it lies: 16 bytes, padded with NUL. Invalid UTF-8 becomes U+FFFD. */
export function decodeComm(bytes: Uint8Array, offset: number): string {
  return textAt(bytes, offset, TASK_COMM_LEN);
}

/** Text in a field of so many bytes, up to a NUL. Invalid UTF-8 becomes U+FFFD. */
export function textAt(bytes: Uint8Array, offset: number, length: number): string {
  let end = offset;
  while (end < offset + length && bytes[end] !== 0) end++;
  return decodeText(bytes, offset, end);
}
