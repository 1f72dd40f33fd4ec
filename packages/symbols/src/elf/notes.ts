/**
 * Walks ELF notes for the GNU build-id, the hash that ties a running object to its debug file.
 * A note is a 12-byte header (name size, description size, type), then name and description, each
 * padded to the segment's alignment of 4, or 8 where the segment says so (.note.gnu.property).
 */
import { NHDR_SIZE, NT_GNU_BUILD_ID } from './constants.ts';
import { viewOf } from './headers.ts';

/** The kernel takes 20 (SHA-1); lld can write 32. Longer than this is not a build-id. */
const MAX_BUILD_ID = 64;

/** The build-id in hex, or undefined when these notes hold none or are damaged. */
export function findBuildId(notes: Uint8Array, align: number): string | undefined {
  const step = align === 8 ? 8 : 4;
  const view = viewOf(notes);
  let at = 0;
  while (at + NHDR_SIZE <= notes.length) {
    const nameSize = view.getUint32(at, true);
    const descSize = view.getUint32(at + 4, true);
    const type = view.getUint32(at + 8, true);
    const name = at + NHDR_SIZE;
    const desc = roundUp(name + nameSize, step);
    if (desc + descSize > notes.length) return undefined;
    if (type === NT_GNU_BUILD_ID && isGnu(notes, name, nameSize)) {
      if (descSize === 0 || descSize > MAX_BUILD_ID) return undefined;
      return hex(notes.subarray(desc, desc + descSize));
    }
    at = roundUp(desc + descSize, step);
  }
  return undefined;
}

function isGnu(bytes: Uint8Array, at: number, size: number): boolean {
  return (
    size === 4 &&
    bytes[at] === 0x47 &&
    bytes[at + 1] === 0x4e &&
    bytes[at + 2] === 0x55 &&
    bytes[at + 3] === 0
  );
}

// Not with bit operations: sizes of up to 2^32 - 1 would turn negative.
function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}

function hex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}
