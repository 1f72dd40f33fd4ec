/**
 * Where code is in the object that it is of, for those who disassemble it or look for its source: in the
 * addresses that its file is linked at, and the part of the file that is mapped there.
 */

import type { ProfileFrame, ProfileMapping } from '@waggle/formats';
import type { LoadSegment } from '@waggle/symbols';

export type AddressFields = Pick<ProfileFrame, 'address' | 'mapping'>;

/** What is known of an object for that. */
export interface LinkedObject {
  readonly buildId: string | undefined;
  /** Virtual address of .text, where that is known. */
  readonly textStart: number | undefined;
  segmentOfFileOffset(offset: number): LoadSegment | undefined;
}

const PAGE = 4096;
const NOWHERE: AddressFields = {};

export class CodePlaces {
  readonly #mappings = new Map<LoadSegment, ProfileMapping>();

  readonly #object: LinkedObject;

  constructor(object: LinkedObject) {
    this.#object = object;
  }

  /** @param offset of an instruction in the file, or of another byte of it */
  at(offset: number): AddressFields {
    const { textStart = 0 } = this.#object;
    const segment = this.#object.segmentOfFileOffset(offset);
    if (segment === undefined) return NOWHERE;
    const address = segment.vaddr + offset - segment.fileOffset;
    // Linkage stubs. `go tool pprof` ends in a panic for an address that is before .text.
    if (address < textStart) return NOWHERE;
    return { address: BigInt(address), mapping: this.#mappingOf(segment) };
  }

  #mappingOf(segment: LoadSegment): ProfileMapping {
    const known = this.#mappings.get(segment);
    if (known !== undefined) return known;
    const { vaddr, fileOffset, memSize } = segment;
    // As the loader maps it, and `go tool pprof` takes it to have been: from the alignment on.
    const lead = vaddr % alignmentOf(segment);
    const { buildId } = this.#object;
    const mapping: ProfileMapping = {
      start: BigInt(vaddr - lead),
      limit: BigInt(Math.ceil((vaddr + memSize) / PAGE) * PAGE),
      fileOffset: BigInt(fileOffset - lead),
      buildId,
    };
    this.#mappings.set(segment, mapping);
    return mapping;
  }
}

/** What address and file offset are equal modulo: as the file says, or a page, or nothing. */
function alignmentOf({ vaddr, fileOffset, align }: LoadSegment): number {
  for (const candidate of [align, PAGE])
    if (candidate > 1 && vaddr % candidate === fileOffset % candidate) return candidate;
  return 1;
}
