// Object files with symbols, PLT, mini-debuginfo and DWARF; xz; perf maps and jitdumps; /proc/kallsyms;
// cached tables; mangled names.

import { closeSync, mkdtempSync, openSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeTable } from '../../../packages/symbols/src/cache/table-file.ts';
import { readDebugdata } from '../../../packages/symbols/src/debug-files/debugdata.ts';
import { readDebugLink } from '../../../packages/symbols/src/debug-files/debuglink.ts';
import { demangle } from '../../../packages/symbols/src/demangle/demangle.ts';
import { SourceLines } from '../../../packages/symbols/src/dwarf/source-lines.ts';
import { ElfError, ElfImage } from '../../../packages/symbols/src/elf/index.ts';
import { readGoFunctions } from '../../../packages/symbols/src/go-functions.ts';
import { KallsymsReader } from '../../../packages/symbols/src/kallsyms-reader.ts';
import { ObjectSymbols } from '../../../packages/symbols/src/object-symbols.ts';
import { isJitDump, JitDump } from '../../../packages/symbols/src/perf-map/jit-dump.ts';
import { readJitUnwinding } from '../../../packages/symbols/src/perf-map/jit-unwinding.ts';
import { PerfMap } from '../../../packages/symbols/src/perf-map/perf-map.ts';
import { SampledPerfMap } from '../../../packages/symbols/src/perf-map/sampled-perf-map.ts';
import { scanPerfMap } from '../../../packages/symbols/src/perf-map/scan-perf-map.ts';
import { readPltStubs } from '../../../packages/symbols/src/plt.ts';
import { SymbolCollector } from '../../../packages/symbols/src/symbol-reader.ts';
import { SymbolTable } from '../../../packages/symbols/src/symbol-table.ts';
import { crc32 } from '../../../packages/symbols/src/xz/checksum.ts';
import { decompressXz } from '../../../packages/symbols/src/xz/decompress.ts';
import { XzError } from '../../../packages/symbols/src/xz/error.ts';
import { mutateBytes, mutateElf } from '../../../packages/symbols/test/mutate.ts';
import { errorsOf, type FuzzTarget, never, type Random } from '../target.ts';

const MAX_UNPACKED = 4 * 1024 * 1024;
const folder = mkdtempSync(join(tmpdir(), 'waggle-fuzz-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

function unlessElfError(run: () => void): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof ElfError)) throw error;
  }
}

function askElf(bytes: Uint8Array, random: Random): void {
  const image = ElfImage.parse(bytes);
  image.buildId;
  const collector = new SymbolCollector(image);
  unlessElfError(() => collector.addImage(image));
  unlessElfError(() => collector.addFunctions(readPltStubs(image)));
  unlessElfError(() => void readGoFunctions(image));
  unlessElfError(() => void readDebugLink(image));
  unlessElfError(() => {
    const embedded = readDebugdata(image, MAX_UNPACKED);
    if (embedded !== undefined) collector.addImage(embedded);
  });
  const table = SymbolTable.fromColumns(collector.finish());
  const lines = SourceLines.fromElf(image);
  for (const load of image.loads.slice(0, 4))
    for (let times = 0; times < 16; times++) {
      const address = load.vaddr + Math.floor(load.memSize * random());
      table.lookup(address);
      lines?.find(address);
      image.vaddrOfFileOffset(Math.floor(bytes.length * random()));
    }
}

function askFile(bytes: Uint8Array, random: Random): void {
  const path = join(folder, 'object');
  writeFileSync(path, bytes);
  using symbols = ObjectSymbols.open(path, { lines: true });
  for (let times = 0; times < 8; times++) {
    const vaddr = symbols.vaddrOfFileOffset(Math.floor(bytes.length * random()));
    if (vaddr === undefined) continue;
    const hit = symbols.lookup(vaddr);
    if (hit !== undefined) demangle(hit.name);
    symbols.lines(vaddr);
  }
}

function askPerfMap(bytes: Uint8Array, random: Random): void {
  const path = join(folder, 'perf.map');
  writeFileSync(path, bytes.subarray(0, Math.floor(bytes.length * random())));
  using map = PerfMap.open(folder, '/perf.map');
  map?.lookup(Math.floor(random() * 2 ** 47));
  writeFileSync(path, bytes);
  map?.refresh();
  for (let times = 0; times < 8; times++)
    map?.lookup(0x7f00_0000 + Math.floor(random() * 0x10_0000));
}

/** In two parts, as it grows; at its end it says what the whole map says. */
function askSampledMap(bytes: Uint8Array, random: Random): void {
  const path = join(folder, 'sampled.map');
  const addresses = Array.from(
    { length: 16 },
    () => 0x7f00_0000 + Math.floor(random() * 0x10_0000),
  );
  writeFileSync(path, bytes.subarray(0, Math.floor(bytes.length * random())));
  using map = new SampledPerfMap(openSync(path, 'r'));
  const scanAll = (now: number) => {
    map.look(now);
    for (const address of addresses) map.lookup(address, now);
    for (let scan = map.nextScan(); scan !== undefined; scan = map.nextScan())
      map.take(scan, scanPerfMap(map.fd as number, scan));
  };
  scanAll(1);
  writeFileSync(path, bytes);
  utimesSync(path, 1, 1);
  scanAll(2);
  // Written over at once, it may have said nothing else in between.
  scanAll(3);
  using whole = PerfMap.open(folder, '/sampled.map');
  for (const address of addresses)
    if (map.lookup(address, 3)?.name !== whole?.lookup(address)?.name)
      throw new Error(`another name at ${address.toString(16)}`);
}

function askJitDump(bytes: Uint8Array, random: Random): void {
  const path = join(folder, 'jit.dump');
  writeFileSync(path, bytes.subarray(0, Math.floor(bytes.length * random())));
  const fd = openSync(path, 'r');
  try {
    isJitDump(fd);
    const dump = new JitDump(fd);
    dump.refresh(1000);
    writeFileSync(path, bytes);
    dump.refresh(2000);
    for (let times = 0; times < 8; times++)
      dump.lookup(0x7f00_0000 + Math.floor(random() * 0x10_0000), Math.floor(random() * 3000));
  } finally {
    closeSync(fd);
  }
}

/** Half of them as somebody with write access would, with the sum made good. */
function mutateTable(seed: Uint8Array, random: Random): Uint8Array {
  const bytes = mutateBytes(seed, random).slice();
  if (bytes.length <= 16 || random() < 0.5) return bytes;
  bytes.set(seed.subarray(0, 8));
  new DataView(bytes.buffer).setUint32(8, crc32(bytes.subarray(12)), true);
  return bytes;
}

/** Mostly inside the LZMA2 data, where no checksum is looked at before it is decoded. */
function mutateXz(seed: Uint8Array, random: Random): Uint8Array {
  if (random() < 0.3) return mutateBytes(seed, random);
  const bytes = seed.slice();
  bytes.set(mutateBytes(bytes.subarray(24, -40), random), 24);
  return bytes;
}

export const symbolTargets: readonly FuzzTarget[] = [
  { name: 'elf', run: askElf, refuses: errorsOf(ElfError), mutate: mutateElf },
  { name: 'elf-file', run: askFile, refuses: errorsOf(ElfError), mutate: mutateElf },
  {
    name: 'xz',
    run: (bytes) => void decompressXz(bytes, MAX_UNPACKED),
    refuses: errorsOf(XzError),
    mutate: mutateXz,
  },
  { name: 'perf-map', run: askPerfMap, refuses: never },
  { name: 'sampled-perf-map', run: askSampledMap, refuses: never },
  { name: 'jit-unwinding', run: (bytes) => void readJitUnwinding(bytes), refuses: never },
  { name: 'jitdump', run: askJitDump, refuses: never },
  {
    name: 'kallsyms',
    run: (bytes) => void new KallsymsReader(bytes).read(),
    refuses: never,
  },
  {
    name: 'symbol-table',
    run: (bytes, random) => {
      const found = decodeTable(bytes.slice());
      for (let times = 0; times < 16; times++) found?.table.lookup(Math.floor(random() * 0x10_000));
    },
    refuses: never,
    mutate: mutateTable,
  },
  {
    name: 'mangled-name',
    run: (bytes) => void demangle(new TextDecoder().decode(bytes)),
    refuses: never,
  },
];
