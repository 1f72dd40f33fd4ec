/**
 * The unwind table of a piece of code that a program generated, from the .eh_frame that it gave with it
 * (JIT_CODE_UNWINDING_INFO of a jitdump). There is no ELF file: the section lies behind the code, aligned
 * to 8 bytes, as perf makes a file of the two (Linux, tools/perf/util/genelf.c, jit_write_elf).
 */
import { architectureOf } from '../architecture.ts';
import { type FrameSection, readFrameDescriptions } from '../dwarf/call-frame-info.ts';
import type { UnwindTable } from '../table/unwind-table.ts';
import { tableOfSources } from './build-table.ts';
import { functionRanges } from './function-ranges.ts';

const ALIGNMENT = 8;

/**
 * Its offsets are those from the beginning of the code. Without rows when the section says nothing of
 * this code. Throws `UnwindError` (`unsupported` for another machine, `truncated` and `malformed` for a
 * damaged section).
 * @param size of the code, in bytes
 * @param machine ELF e_machine
 */
export function buildGeneratedCodeTable(
  ehFrame: Uint8Array,
  size: number,
  machine: number,
): UnwindTable {
  const architecture = architectureOf(machine);
  const behind = Math.ceil(size / ALIGNMENT) * ALIGNMENT;
  const bases = { section: behind };
  const section: FrameSection = { kind: 'eh_frame', bytes: ehFrame, bases, endsAtTerminator: true };
  const fdes = readFrameDescriptions(section);
  const place = { vaddr: 0, fileOffset: 0, fileSize: size, memSize: size, align: 1 };
  const ranges = functionRanges(fdes, [{ ...place, executable: true }], []);
  const source = { section, fdes, ranges, synthetic: false };
  return tableOfSources({ architecture, sources: [source], damaged: fdes.damaged }).table;
}
