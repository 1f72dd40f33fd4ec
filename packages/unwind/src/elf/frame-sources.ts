/**
 * All call frame information of an ELF file, section by section, as functions that do not overlap:
 * its .eh_frame, its .debug_frame, and what is known of linkage tables without being told.
 */
import type { ElfImage } from '@waggle/symbols';
import { type Architecture, architectureOf } from '../architecture.ts';
import {
  type FrameDescriptions,
  type FrameSection,
  readFrameDescriptions,
} from '../dwarf/call-frame-info.ts';
import { UnwindError } from '../error.ts';
import { debugFrameOf, ehFrameOf } from './frame-sections.ts';
import { type FunctionRanges, functionRanges } from './function-ranges.ts';
import { syntheticFrames } from './synthetic-frames.ts';

interface FrameSource {
  readonly section: FrameSection;
  readonly fdes: FrameDescriptions;
  readonly ranges: FunctionRanges;
  /** Nothing in the file says it. */
  readonly synthetic: boolean;
}

export interface FrameSources {
  readonly architecture: Architecture;
  /** Earlier ones win over later ones. */
  readonly sources: readonly FrameSource[];
  /** Records that cannot be read, and sections. */
  readonly damaged: number;
}

/** @throws `UnwindError`, `ElfError` as `buildUnwindTable` */
export function frameSources(elf: ElfImage): FrameSources {
  const architecture = architectureOf(elf.machine);
  const sources: FrameSource[] = [];
  let damaged = 0;
  const add = (section: FrameSection | undefined, synthetic = false) => {
    if (section === undefined) return;
    const fdes = readFrameDescriptions(section);
    const taken = sources.map(({ ranges }) => ranges);
    const ranges = functionRanges(fdes, elf.loads, taken);
    sources.push({ section, fdes, ranges, synthetic });
    damaged += fdes.damaged;
  };
  add(ehFrameOf(elf));
  try {
    add(debugFrameOf(elf));
  } catch (error) {
    // What a debugger would like to have cannot spoil what the program itself relies on.
    if (!(error instanceof UnwindError)) throw error;
    damaged++;
  }
  add(syntheticFrames(elf, architecture, sources[0]?.ranges), true);
  return { architecture, sources, damaged };
}
