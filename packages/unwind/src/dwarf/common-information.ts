/**
 * CIEs: what functions have in common, and how their own records are to be read. Sources: DWARF 5
 * section 6.4.1, Linux Standard Base Core "Exception Frames".
 */
import { UnwindError } from '../error.ts';
import type { FrameCursor } from './frame-cursor.ts';
import { DW_EH_PE_absptr, type PointerBases, skipPointer } from './pointer-encoding.ts';

export interface CommonInformation {
  readonly codeAlignment: number;
  readonly dataAlignment: number;
  /** DWARF number of the column that holds the return address. */
  readonly returnAddress: number;
  /** How FDEs write addresses. */
  readonly pointerEncoding: number;
  readonly hasAugmentationData: boolean;
  readonly isSignalFrame: boolean;
  readonly segmentSize: number;
  /** The initial instructions, as a range of the section's bytes. */
  readonly programStart: number;
  readonly programEnd: number;
}

/** Known strings have at most six letters. */
const MAX_AUGMENTATION = 16;

/** Reads a CIE behind its id, up to its program. @throws `UnwindError` for what cannot be used */
export function readCommonInformation(reader: FrameCursor, bases: PointerBases): CommonInformation {
  const version = reader.u8();
  if (version !== 1 && version !== 3 && version !== 4) {
    throw new UnwindError('unsupported', `CIE version ${version}`);
  }
  const augmentation = reader.string(MAX_AUGMENTATION);
  // From before GCC 3: a pointer to the exception table, of the size of an address.
  if (augmentation === 'eh') reader.skip(8);
  let segmentSize = 0;
  if (version === 4) {
    const addressSize = reader.u8();
    segmentSize = reader.u8();
    if (addressSize !== 8 || segmentSize > 8) {
      throw new UnwindError('unsupported', `addresses of ${addressSize}, segments ${segmentSize}`);
    }
  }
  const codeAlignment = reader.uleb();
  const dataAlignment = reader.sleb();
  const returnAddress = version === 1 ? reader.u8() : reader.uleb();
  const extras = readAugmentation(reader, augmentation, bases);
  return {
    codeAlignment,
    dataAlignment,
    returnAddress,
    ...extras,
    hasAugmentationData: augmentation.startsWith('z'),
    segmentSize,
    programStart: reader.at,
    programEnd: reader.end,
  };
}

function readAugmentation(
  reader: FrameCursor,
  augmentation: string,
  bases: PointerBases,
): { pointerEncoding: number; isSignalFrame: boolean } {
  let pointerEncoding = DW_EH_PE_absptr;
  let isSignalFrame = false;
  if (augmentation === '' || augmentation === 'eh') return { pointerEncoding, isSignalFrame };
  if (!augmentation.startsWith('z')) {
    throw new UnwindError('unsupported', `augmentation ${JSON.stringify(augmentation)}`);
  }
  const length = reader.uleb();
  const end = reader.at + length;
  if (end > reader.end) throw new UnwindError('truncated', 'augmentation data past its CIE');
  for (const letter of augmentation.slice(1)) {
    if (letter === 'R') pointerEncoding = reader.u8();
    else if (letter === 'P') skipPointer(reader, reader.u8(), bases);
    else if (letter === 'L') reader.skip(1);
    else if (letter === 'S') isSignalFrame = true;
    // B: signed with the B key, G: tagged stack, both of AArch64 and without data.
    else if (letter !== 'B' && letter !== 'G') {
      throw new UnwindError('unsupported', `augmentation ${JSON.stringify(augmentation)}`);
    }
  }
  if (reader.at > end) throw new UnwindError('malformed', 'augmentation data is too short');
  reader.at = end;
  return { pointerEncoding, isSignalFrame };
}
