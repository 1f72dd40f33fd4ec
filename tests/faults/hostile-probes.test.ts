// Programs that probes are looked for in: notes of USDT probes, tables of names and of needed libraries that
// say more than they should cost. The search ends in time, in bounded memory, and says what it found.

import { describe, expect } from 'bun:test';
import {
  chmodSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { BoundedRecorder, MEBIBYTE } from '../support/burners.ts';
import { faultRow } from '../support/fault-row.ts';
import { type HostileSection, SHT, writeHostileElf } from '../support/hostile-elf.ts';
import { run } from '../support/processes.ts';
import { workload } from '../support/workloads.ts';

const area = 'hostile-probes';
const recorder = BoundedRecorder.forFile();
const { folder } = recorder;

/** A quiet recording takes 150 MB; notes of 64 MiB and names of 100 are read as a whole. */
const MAX_RSS = 800 * MEBIBYTE;
/** One object may take twenty seconds, however loaded the host is. */
const MAX_SECONDS = 28;
const SHT_NOTE = 7;
/** Within the code of every program; nothing is hit there. */
const PLACE = 0x1160n;

function note(text: string, place = PLACE, semaphore = 0n): Buffer {
  const owner = 'stapsdt\0';
  const description = Buffer.alloc(24 + text.length);
  description.writeBigUInt64LE(place, 0);
  description.writeBigUInt64LE(semaphore, 16);
  description.write(text, 24, 'latin1');
  const bytes = Buffer.alloc(12 + owner.length + Math.ceil(description.length / 4) * 4);
  bytes.writeUInt32LE(owner.length, 0);
  bytes.writeUInt32LE(description.length, 4);
  bytes.writeUInt32LE(3, 8);
  bytes.write(owner, 12, 'latin1');
  description.copy(bytes, 12 + owner.length);
  return bytes;
}

const notes = (data: Buffer): HostileSection[] => [{ name: '.note.stapsdt', type: SHT_NOTE, data }];

/** Functions whose names begin one byte after the other in one text without an end. */
function overlappingNames(count: number): HostileSection[] {
  const symbols = Buffer.alloc(24 * count);
  for (let index = 1; index < count; index++) {
    symbols.writeUInt32LE(index, 24 * index);
    symbols[24 * index + 4] = 0x12;
    symbols.writeUInt16LE(1, 24 * index + 6);
    symbols.writeBigUInt64LE(PLACE, 24 * index + 8);
  }
  return [
    { name: '.symtab', type: SHT.symtab, link: 1, entsize: 24, data: symbols },
    { name: '.strtab', type: SHT.strtab, data: Buffer.alloc(count + MEBIBYTE, 'a') },
  ];
}

/** A program that needs so many libraries, whose names are one text without an end. */
function needingMany(path: string, libraries: number, nameBytes: number): void {
  const DYNAMIC = 4096;
  const dynamic = Buffer.alloc(16 * (libraries + 3));
  const entry = (index: number, tag: number, value: number) => {
    dynamic.writeBigUInt64LE(BigInt(tag), 16 * index);
    dynamic.writeBigUInt64LE(BigInt(value), 16 * index + 8);
  };
  const names = DYNAMIC + Math.ceil(dynamic.length / 4096) * 4096;
  for (let index = 0; index < libraries; index++) entry(index, 1, index);
  entry(libraries, 5, names);
  entry(libraries + 1, 10, nameBytes);
  const file = Buffer.alloc(names + nameBytes, 'a');
  file.fill(0, 0, names);
  dynamic.copy(file, DYNAMIC);
  file.write('\x7fELF\x02\x01\x01', 0, 'latin1');
  file.writeUInt16LE(3, 16);
  file.writeUInt16LE(62, 18);
  file.writeUInt32LE(1, 20);
  file.writeBigUInt64LE(64n, 32);
  for (const [at, size] of [
    [52, 64],
    [54, 56],
    [56, 2],
    [58, 64],
  ] as const)
    file.writeUInt16LE(size, at);
  const segment = (at: number, type: number, offset: number, size: number) => {
    file.writeUInt32LE(type, at);
    file.writeUInt32LE(5, at + 4);
    for (const field of [8, 16, 24]) file.writeBigUInt64LE(BigInt(offset), at + field);
    for (const field of [32, 40]) file.writeBigUInt64LE(BigInt(size), at + field);
  };
  segment(64, 1, 0, file.length);
  segment(120, 2, DYNAMIC, dynamic.length);
  writeFileSync(path, file);
  chmodSync(path, 0o755);
}

const sale = 'shop\0sale\x008@%rax\0';

const kinds: readonly {
  readonly what: string;
  readonly event: string;
  readonly make: (path: string) => void;
  /** Where it is not found: what is said. It is recorded otherwise. */
  readonly says?: RegExp;
}[] = [
  {
    what: 'a USDT note of 64 MB of zeros',
    event: 'usdt:shop:sale',
    make: elf(() => notes(note('\0'.repeat(60 * MEBIBYTE)))),
    says: /there is no such USDT probe/,
  },
  {
    what: 'a USDT note of 200,000 brackets that nothing closes',
    event: 'usdt:shop:sale',
    make: elf(() => notes(note(`shop\0sale\0${'['.repeat(200_000)}\0`))),
    says: /there is no such USDT probe/,
  },
  {
    what: 'a thousand USDT notes of brackets that nothing closes',
    event: 'usdt:shop:sale',
    make: elf(() =>
      notes(Buffer.concat(Array(1000).fill(note(`shop\0sale\0${'['.repeat(16_000)}\0`)))),
    ),
    says: /it stands at 1000 places, more than 512/,
  },
  {
    what: 'a USDT note of a place that is in no part of the file',
    event: 'usdt:shop:sale',
    make: elf(() => notes(note(sale, 0xdead_beef_f000n))),
    says: /cannot be read: 0xdeadbeeff000 is not in the file/,
  },
  {
    what: 'a USDT note whose counter is in no part of the file',
    event: 'usdt:shop:sale',
    make: elf(() => notes(note(sale, PLACE, 2n ** 64n - 1n))),
    says: /cannot be read: 0x10000000000000000 is not in the file/,
  },
  {
    what: 'half a million functions whose names are one text without an end',
    event: 'uprobe:not_there',
    make: elf(() => overlappingNames(500_000)),
    says: /there is no such function/,
  },
  {
    what: '20,000 needed libraries whose names are one text without an end',
    event: 'uprobe:not_there',
    make: (path) => needingMany(path, 20_000, 32 * MEBIBYTE),
    says: /has no names of functions/,
  },
];

function elf(sections: () => readonly HostileSection[]): (path: string) => void {
  return (path) => writeHostileElf(path, workload('usdt'), sections());
}

describe('a program in which a probe is looked for', () => {
  for (const { what, event, make, says = /written to/ } of kinds)
    faultRow(
      {
        area,
        what: `looking for a probe in a program with ${what}`,
        holds: 'it ends in time and in bounded memory, with one line that says why',
        times: [1, 3],
      },
      async () => {
        const program = join(folder, 'probed');
        make(program);
        const { code, stderr, maxRss, seconds } = await recorder.run('-e', event, '--', program);
        expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(says) });
        expect(stderr).not.toContain('internal error');
        expect(stderr.trimEnd().split('\n')).toHaveLength(1);
        expect(maxRss).toBeLessThan(MAX_RSS);
        expect(seconds).toBeLessThan(MAX_SECONDS);
      },
    );
});

/** What may stand where a program is named. */
const PLACES: Readonly<Record<string, (path: string) => unknown>> = {
  'a FIFO that nobody writes to': (path) => run('mkfifo', path),
  'a device without an end': (path) => run('mknod', path, 'c', '1', '5'),
  'a link to /proc/kmsg': (path) => symlinkSync('/proc/kmsg', path),
  'a link to itself': (path) => symlinkSync(path, path),
  'a folder': (path) => mkdirSync(path),
  'an empty file': (path) => writeFileSync(path, ''),
  'a program that ends in its header': (path) =>
    writeFileSync(path, readFileSync(workload('usdt')).subarray(0, 50)),
  'a hole of a terabyte': (path) => writeFileSync(path, '') ?? truncateSync(path, 2 ** 40),
  'a program with a symbol table of a terabyte that is a hole': (path) =>
    writeHostileElf(path, workload('usdt'), [
      { name: '.symtab', type: SHT.symtab, link: 1, entsize: 24, size: 2 ** 40 },
      { name: '.strtab', type: SHT.strtab, size: 2 ** 40 },
    ]),
  'a program whose notes of probes are a hole of a terabyte': (path) =>
    writeHostileElf(path, workload('usdt'), [
      { name: '.note.stapsdt', type: SHT_NOTE, size: 2 ** 40 },
    ]),
};

faultRow(
  {
    area,
    what: `${Object.keys(PLACES).length} things that are no program, or say that they are huge, where the program of a probe is named`,
    holds: 'it ends in time and in bounded memory, with one line that says why',
    times: [1, 3],
  },
  async () => {
    for (const [what, place] of Object.entries(PLACES)) {
      const path = join(folder, 'named');
      await place(path);
      try {
        for (const event of [`uprobe:${path}:not_there`, `usdt:${path}:shop:nothing`]) {
          const args = ['-a', '-d', '0.2', '-e', event];
          const { code, stderr, maxRss, seconds } = await recorder.run(...args);
          expect({ what, code, stderr }).toEqual({
            ...{ what, code: expect.any(Number) },
            stderr: expect.not.stringMatching(/internal error|^ {4}at |written to/m),
          });
          expect([1, 2]).toContain(code);
          expect(stderr.trimEnd().split('\n')).toHaveLength(1);
          expect(maxRss).toBeLessThan(MAX_RSS);
          expect(seconds).toBeLessThan(MAX_SECONDS);
        }
      } finally {
        rmSync(path, { recursive: true, force: true });
      }
    }
  },
);
