// What probes are found by: events as they are written, USDT notes and the assembler's words in them, machine code,
// the loader's cache.

import { BadEvent } from '../../../packages/probes/src/bad-event.ts';
import { parseEvent } from '../../../packages/probes/src/event.ts';
import { parseLoaderCache } from '../../../packages/probes/src/loader-cache.ts';
import { fileOffsetOf } from '../../../packages/probes/src/probed-object.ts';
import { parseUsdtArgument } from '../../../packages/probes/src/usdt-arguments.ts';
import { readUsdtNotes } from '../../../packages/probes/src/usdt-notes.ts';
import { x86InstructionLength } from '../../../packages/probes/src/x86-instruction.ts';
import {
  ElfError,
  ElfImage,
  EM_AARCH64,
  EM_X86_64,
} from '../../../packages/symbols/src/elf/index.ts';
import { mutateElf } from '../../../packages/symbols/test/mutate.ts';
import { mutate } from '../mutate.ts';
import { errorsOf, type FuzzTarget, never, type Random } from '../target.ts';

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const MACHINES = [EM_X86_64, EM_AARCH64];

function askNotes(bytes: Uint8Array): void {
  const image = ElfImage.parse(bytes);
  for (const { address, semaphore, arguments: words } of readUsdtNotes(image)) {
    for (const machine of MACHINES) for (const word of words) parseUsdtArgument(word, machine);
    fileOffsetOf(image, address);
    if (semaphore !== 0) fileOffsetOf(image, semaphore);
  }
}

/** Half of them in the section itself, which most damage misses. */
function mutateNotes(seed: Uint8Array, random: Random): Uint8Array {
  if (random() < 0.5) return mutateElf(seed, random);
  const section = ElfImage.parse(seed).section('.note.stapsdt');
  if (section === undefined) return mutateElf(seed, random);
  const bytes = seed.slice();
  const { offset, size } = section;
  const notes = bytes.slice(offset, offset + size);
  bytes.set(mutate(notes, notes, random).subarray(0, size), offset);
  return bytes;
}

/** Every instruction from the first on, as a search for boundaries goes. */
function askCode(bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) {
    const length = x86InstructionLength(bytes, at);
    if (length === undefined) return;
    if (!(length > 0 && length <= 15 && at + length <= bytes.length))
      throw new Error(`an instruction of ${length} bytes at ${at} of ${bytes.length}`);
    at += length;
  }
}

export const probeTargets: readonly FuzzTarget[] = [
  {
    name: 'usdt-notes',
    run: askNotes,
    refuses: errorsOf(ElfError),
    mutate: mutateNotes,
  },
  {
    name: 'usdt-argument',
    run: (bytes) => {
      for (const machine of MACHINES) parseUsdtArgument(textOf(bytes), machine);
    },
    refuses: never,
  },
  { name: 'x86-code', run: askCode, refuses: never },
  { name: 'loader-cache', run: (bytes) => void parseLoaderCache(bytes), refuses: never },
  {
    name: 'probe-event',
    run: (bytes) => void parseEvent(textOf(bytes)),
    refuses: errorsOf(BadEvent),
  },
];
