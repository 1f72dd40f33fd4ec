/** Whether an offset into a function is where an instruction begins. */
import { type ElfImage, EM_AARCH64, EM_X86_64 } from '@waggle/symbols';
import { x86InstructionLength } from './x86-instruction.ts';

const AARCH64_INSTRUCTION = 4;

/** `inside`: no; `unknown`: what stands there cannot be read as code. */
export function boundaryAt(
  image: ElfImage,
  start: number,
  offset: number,
): 'boundary' | 'inside' | 'unknown' {
  if (image.machine === EM_AARCH64)
    return offset % AARCH64_INSTRUCTION === 0 ? 'boundary' : 'inside';
  if (image.machine !== EM_X86_64) return 'unknown';
  // The last instruction may reach over the offset.
  const code = image.readMapped(start, offset + 16);
  let at = 0;
  while (at < offset) {
    const length = x86InstructionLength(code, at);
    if (length === undefined) return 'unknown';
    at += length;
  }
  return at === offset ? 'boundary' : 'inside';
}
