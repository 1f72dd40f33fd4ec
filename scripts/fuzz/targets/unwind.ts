// Call frame information of object files, its sections by themselves, and stored unwind tables.

import { ElfError, ElfImage } from '../../../packages/symbols/src/elf/index.ts';
import { mutateElf } from '../../../packages/symbols/test/mutate.ts';
import { readFrameDescriptions } from '../../../packages/unwind/src/dwarf/call-frame-info.ts';
import { readEhFrameHeader } from '../../../packages/unwind/src/dwarf/eh-frame-hdr.ts';
import { buildUnwindTable } from '../../../packages/unwind/src/elf/build-table.ts';
import { UnwindError } from '../../../packages/unwind/src/error.ts';
import { decodeTableFile } from '../../../packages/unwind/src/store/table-file.ts';
import { errorsOf, type FuzzTarget } from '../target.ts';

const BASES = { section: 0x1000, text: 0x2000, data: 0x3000 };

export const unwindTargets: readonly FuzzTarget[] = [
  {
    name: 'eh-frame-of-elf',
    run: (bytes, random) => {
      const { table } = buildUnwindTable(ElfImage.parse(bytes));
      for (let times = 0; times < 16; times++) table.lookup(Math.floor(random() * 0x8000));
    },
    refuses: errorsOf(ElfError, UnwindError),
    mutate: mutateElf,
  },
  {
    name: 'eh-frame',
    run: (bytes) =>
      void readFrameDescriptions({ kind: 'eh_frame', bytes, bases: BASES, endsAtTerminator: true }),
    refuses: errorsOf(UnwindError),
  },
  {
    name: 'eh-frame-hdr',
    run: (bytes) => void readEhFrameHeader(bytes, 0x1000),
    refuses: errorsOf(UnwindError),
  },
  {
    name: 'unwind-table',
    run: (bytes) => void decodeTableFile(bytes.slice(), 'ab'.repeat(32)),
    refuses: errorsOf(UnwindError),
  },
];
