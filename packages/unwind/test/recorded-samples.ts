/**
 * Samples that stepping.cc recorded of itself, and the memory map and tables that go with them: what
 * a profiler in the kernel would have seen, with the answer of the C library's unwinder.
 */
import { existsSync, readFileSync } from 'node:fs';
import { ElfImage } from '@waggle/symbols';
import { buildUnwindTable } from '../src/elf/build-table.ts';
import type { UnwindTable } from '../src/table/unwind-table.ts';
import type { MappedCode, UnwindInput } from '../src/unwinder/unwinder.ts';

export interface RecordedSample {
  /** 17 registers in DWARF order, rip last. */
  readonly registers: readonly bigint[];
  readonly read: (address: bigint) => bigint | undefined;
  /** Return addresses by backtrace(), the sampled pc first. */
  readonly truth: readonly bigint[];
}

interface Mapping {
  readonly start: bigint;
  readonly end: bigint;
  readonly offset: bigint;
  readonly path: string;
}

export class Recording {
  readonly samples: readonly RecordedSample[];
  readonly mappings: readonly Mapping[];
  readonly #tables = new Map<string, UnwindTable | undefined>();

  constructor(path: string) {
    this.samples = [...samplesOf(readFileSync(path))];
    this.mappings = mappingsOf(readFileSync(`${path}.maps`, 'utf8'));
    const vdso = `${path}.vdso`;
    if (existsSync(vdso)) {
      const image = ElfImage.parse(readFileSync(vdso));
      this.#tables.set('[vdso]', buildUnwindTable(image).table);
    }
  }

  /** The mapping's file name for an address, to say where something happened. */
  pathAt(address: bigint): string {
    return this.#mappingAt(address)?.path ?? 'nowhere';
  }

  inputOf(sample: RecordedSample): UnwindInput {
    const [pc, sp, fp, third] = [16, 7, 6, 3].map((number) => sample.registers[number] ?? 0n);
    return {
      machine: 62,
      registers: { pc: pc ?? 0n, sp: sp ?? 0n, fp, third, all: sample.registers },
      read: sample.read,
      find: (address) => this.#find(address),
      maxFrames: 256,
    };
  }

  #find(address: bigint): MappedCode | undefined {
    const mapping = this.#mappingAt(address);
    if (mapping === undefined) return undefined;
    const fileOffset = Number(address - mapping.start + mapping.offset);
    return { table: this.#table(mapping.path), fileOffset };
  }

  #mappingAt(address: bigint): Mapping | undefined {
    return this.mappings.find((mapping) => address >= mapping.start && address < mapping.end);
  }

  #table(path: string): UnwindTable | undefined {
    if (!this.#tables.has(path)) {
      using elf = path.startsWith('/') ? ElfImage.open(path) : undefined;
      this.#tables.set(path, elf && buildUnwindTable(elf).table);
    }
    return this.#tables.get(path);
  }
}

function mappingsOf(text: string): Mapping[] {
  const mappings: Mapping[] = [];
  for (const line of text.split('\n')) {
    const match = /^([0-9a-f]+)-([0-9a-f]+) ..x. ([0-9a-f]+) \S+ \d+ +(\S+)/.exec(line);
    if (match === null) continue;
    const [start = 0n, end = 0n, offset = 0n] = match.slice(1, 4).map((hex) => BigInt(`0x${hex}`));
    mappings.push({ start, end, offset, path: match[4] ?? '' });
  }
  return mappings;
}

function* samplesOf(bytes: Uint8Array): Generator<RecordedSample> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const word = () => {
    at += 8;
    return view.getBigUint64(at - 8, true);
  };
  while (at < bytes.length) {
    const registers = Array.from({ length: 17 }, word);
    const start = word();
    const length = Number(word());
    const truth = Array.from({ length: Number(word()) }, word);
    const stackAt = at;
    at += Math.ceil(length / 8) * 8;
    const read = (address: bigint) => {
      const within = address - start;
      if (within < 0n || within + 8n > BigInt(length)) return undefined;
      return view.getBigUint64(stackAt + Number(within), true);
    };
    yield { registers, read, truth };
  }
}
