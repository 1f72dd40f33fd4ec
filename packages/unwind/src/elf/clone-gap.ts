/**
 * The system call of glibc's clone3 on x86-64. Its call frame information ends at the instruction,
 * because it would be wrong in the child, and begins again where the child goes on. In the parent,
 * which is there for as long as the kernel makes a thread, it goes on holding. (In the child the word
 * at the stack pointer is its thread control block and no code, so that a walk ends.) The same is not
 * done for clone: there, a function's address lies on the child's stack.
 * Source: sysdeps/unix/sysv/linux/x86_64/clone3.S of glibc 2.34 and later.
 */
import type { ElfImage } from '@waggle/symbols';
import type { FunctionRanges } from './function-ranges.ts';

/** mov $__NR_clone3, %eax; syscall. */
const BEFORE = [0xb8, 0xb3, 0x01, 0, 0];
const SYSCALL = [0x0f, 0x05];
/** syscall, test, two conditional jumps and ret: 10 bytes with short jumps, 18 with long ones. */
const MAX_BYTES = 24;
/** Hand-written assembly has some; a file may be made of nothing else. */
const MAX_GAPS = 4096;

/** @returns virtual address and size of the code, or undefined for a file that has no such. */
export function cloneGap(
  elf: ElfImage,
  { count, start, end, bias }: FunctionRanges,
): { readonly address: number; readonly size: number } | undefined {
  let looked = 0;
  for (let index = 0; index + 1 < count && looked < MAX_GAPS; index++) {
    const from = end[index]!;
    const to = start[index + 1]!;
    // Functions begin at multiples of 16: what lies before one is padding, and not to be read.
    if (from === to || to % 16 === 0 || to - from > MAX_BYTES) continue;
    looked++;
    const address = from - bias[index]!;
    if (hasSystemCall(elf, address)) return { address, size: to - from };
  }
  return undefined;
}

function hasSystemCall(elf: ElfImage, address: number): boolean {
  const text = elf.sections.find(
    ({ addr, size }) => address - BEFORE.length >= addr && address + SYSCALL.length <= addr + size,
  );
  if (text === undefined) return false;
  const pattern = [...BEFORE, ...SYSCALL];
  const bytes = elf.readSection(text, address - BEFORE.length - text.addr, pattern.length);
  return pattern.every((byte, at) => bytes[at] === byte);
}
