/**
 * Feeds damaged files to everything in this package that reads them: ELF images with symbols, PLT,
 * mini-debuginfo and DWARF; xz data; perf maps; cached tables; mangled names. Only the documented
 * errors may come out, soon, and in bounded memory; anything else is written to a file and ends the
 * run with 1. `bun run fuzz --seconds 600 [--seed N]`.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { decodeTable, encodeTable, TABLE_VERSION } from '../src/cache/table-file.ts';
import { readDebugdata } from '../src/debug-files/debugdata.ts';
import { readDebugLink } from '../src/debug-files/debuglink.ts';
import { demangle } from '../src/demangle/demangle.ts';
import { SourceLines } from '../src/dwarf/source-lines.ts';
import { ElfError, ElfImage } from '../src/elf/index.ts';
import { ObjectSymbols } from '../src/object-symbols.ts';
import { PerfMap } from '../src/perf-map/perf-map.ts';
import { readPltStubs } from '../src/plt.ts';
import { SymbolCollector } from '../src/symbol-reader.ts';
import { SymbolTable } from '../src/symbol-table.ts';
import { crc32 } from '../src/xz/checksum.ts';
import { decompressXz } from '../src/xz/decompress.ts';
import { XzError } from '../src/xz/error.ts';
import { elfWithSymbols, seeded } from '../test/build-elf.ts';
import { Workshop } from '../test/compile.ts';
import { mutateBytes, mutateElf } from '../test/mutate.ts';

/** A case beyond this is reported as a hang, in milliseconds; the machine may be busy. */
const SLOW_MS = 5000;
/** What the process may grow by, over what it held after the first second. */
const MAX_GROWTH = 512 * 1024 * 1024;

const NAME_CHARACTERS =
  'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789__SSTTBBIIEENN$.';
const NAMES = [
  '_ZNSt6vectorIiSaIiEE9push_backEOi',
  '_ZN9__gnu_cxx17__normal_iteratorIPiSt6vectorIiSaIiEEEppEv',
  '_ZSt9transformIPiZ3foovEUliE_ET0_T_S3_S2_T1_',
  '_ZZN5outer2goERSt3mapIiSt4lessIiEEENKUliiE0_clEii',
  '_ZN3std2io4Read11read_to_end17hb85a0f6802e14499E',
  '_ZN4core3ptr28drop_in_place$LT$alloc..A$GT$17h0123456789abcdefE',
  '_RNvMNtCs1234_7mycrate3fooNtB2_3Bar3baz',
  '_RINvNtC3std3mem8align_ofjdE',
  '_RNvXs5_NtC5alloc3vecINtB5_3VechENtNtC4core3fmt5Debug3fmt',
];

/** Cases between two turns of the event loop. */
const PAUSE = 64;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});
const seconds = Number(values.seconds);
const seed = Number(values.seed);
const random = seeded(seed);

interface Target {
  readonly name: string;
  readonly make: () => Uint8Array;
  /** True when it was answered, false when refused by a documented error. */
  readonly run: (input: Uint8Array) => boolean;
}

const directory = mkdtempSync(join(tmpdir(), 'waggle-fuzz-'));
using workshop = new Workshop();

function refusedBy(kind: typeof ElfError | typeof XzError, run: () => void): boolean {
  try {
    run();
    return true;
  } catch (error) {
    if (error instanceof kind) return false;
    throw error;
  }
}

function askElf(bytes: Uint8Array): boolean {
  return refusedBy(ElfError, () => {
    const image = ElfImage.parse(bytes);
    image.buildId;
    const collector = new SymbolCollector(image);
    refusedBy(ElfError, () => collector.addImage(image));
    refusedBy(ElfError, () => collector.addStubs(readPltStubs(image)));
    refusedBy(ElfError, () => readDebugLink(image));
    refusedBy(ElfError, () => {
      const embedded = readDebugdata(image, 16 * 1024 * 1024);
      if (embedded !== undefined) collector.addImage(embedded);
    });
    const table = SymbolTable.fromColumns(collector.finish());
    const lines = SourceLines.fromElf(image);
    for (const load of image.loads.slice(0, 4)) {
      for (let i = 0; i < 24; i++) {
        const address = load.vaddr + Math.floor(load.memSize * random());
        table.lookup(address);
        lines?.find(address);
        image.vaddrOfFileOffset(Math.floor(bytes.length * random()));
      }
    }
  });
}

function askFile(bytes: Uint8Array): boolean {
  const path = join(directory, 'object');
  writeFileSync(path, bytes);
  return refusedBy(ElfError, () => {
    using symbols = ObjectSymbols.open(path, { lines: true });
    for (let i = 0; i < 16; i++) {
      const vaddr = symbols.vaddrOfFileOffset(Math.floor(bytes.length * random()));
      if (vaddr === undefined) continue;
      const hit = symbols.lookup(vaddr);
      if (hit !== undefined) demangle(hit.name);
      symbols.lines(vaddr);
    }
  });
}

function askPerfMap(bytes: Uint8Array): boolean {
  const cut = Math.floor(bytes.length * random());
  const path = join(directory, 'perf.map');
  writeFileSync(path, bytes.subarray(0, cut));
  using map = PerfMap.open(directory, '/perf.map');
  map?.lookup(Math.floor(random() * 2 ** 47));
  writeFileSync(path, bytes);
  map?.refresh();
  for (let i = 0; i < 20; i++) map?.lookup(0x7f00_0000 + Math.floor(random() * 0x10_0000));
  return (map?.badLines ?? 0) === 0;
}

/** A few characters of a name replaced by others of names, inserted or left out. */
function mutateName(name: string): Uint8Array {
  const characters = [...name];
  for (let times = 1 + Math.floor(random() * 3); times > 0; times--) {
    const at = 2 + Math.floor(random() * (characters.length - 2));
    const other = NAME_CHARACTERS[Math.floor(random() * NAME_CHARACTERS.length)] as string;
    characters.splice(at, random() < 0.7 ? 1 : 0, ...(random() < 0.8 ? [other] : []));
  }
  return new TextEncoder().encode(characters.join(''));
}

function askTable(bytes: Uint8Array): boolean {
  const found = decodeTable(bytes.slice());
  for (let i = 0; i < 20; i++) found?.table.lookup(Math.floor(random() * 0x10_000));
  return found !== undefined;
}

function targets(): Target[] {
  const corpus: Uint8Array[] = [];
  const add = (path: string) => corpus.push(new Uint8Array(readFileSync(path)));
  for (const variant of ['pie', 'debug', 'stripped-dynamic', 'shared']) add(workshop.path(variant));
  const source = join(workshop.directory, 'program.c');
  for (const flags of [['-gdwarf-4'], ['-gdwarf-5'], ['-gdwarf-5', '-gz=zlib']]) {
    const path = join(directory, `dwarf${flags.join('')}`);
    workshop.run('cc', '-O2', ...flags, '-o', path, source);
    add(path);
    if (flags.length > 1) continue;
    workshop.run('objcopy', '--only-keep-debug', path, `${path}.debug`);
    add(`${path}.debug`);
    workshop.run('objcopy', '--strip-debug', `${path}.debug`, `${path}.mini`);
    if (Bun.which('xz') === null) continue;
    workshop.run('xz', '-f', '-k', `${path}.mini`);
    const target = `${path}.with-mini`;
    workshop.run('strip', '-o', target, path);
    workshop.run('objcopy', '--add-section', `.gnu_debugdata=${path}.mini.xz`, target);
    workshop.run('objcopy', `--add-gnu-debuglink=${path}.debug`, target);
    add(target);
  }
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  const xz = ['-gdwarf-4', '-gdwarf-5']
    .map((name) => join(directory, `dwarf${name}.mini.xz`))
    .filter((path) => existsSync(path))
    .map((path) => new Uint8Array(readFileSync(path)));
  const lines = Array.from({ length: 200 }, (_, i) => {
    return `${(0x7f00_0000 + i * 4096).toString(16)} ${(i * 37).toString(16)} function_${i}\n`;
  });
  const map = new TextEncoder().encode(lines.join(''));
  const small = SymbolTable.fromElf(ElfImage.parse(elfWithSymbols([{ name: 'f', value: 0x1000 }])));
  const stored = encodeTable(small, { key: 'k', sources: [], problems: [] });
  const elf = () => mutateElf(pick(corpus), random);
  const all: Target[] = [
    { name: 'ELF in memory', make: elf, run: askElf },
    { name: 'ELF in memory', make: elf, run: askElf },
    { name: 'ELF file', make: elf, run: askFile },
    { name: 'perf map', make: () => mutateBytes(map, random), run: askPerfMap },
    {
      name: 'cached table',
      make: () => {
        const bytes = mutateBytes(stored, random).slice();
        // Half of them as somebody with write access would, with the sum made good.
        if (bytes.length > 16 && random() < 0.5) {
          const view = new DataView(bytes.buffer);
          view.setUint32(0, new DataView(stored.buffer).getUint32(0, true), true);
          view.setUint32(4, TABLE_VERSION, true);
          view.setUint32(8, crc32(bytes.subarray(12)), true);
        }
        return bytes;
      },
      run: askTable,
    },
    {
      name: 'mangled name',
      make: () => mutateName(pick(NAMES)),
      run: (bytes) => {
        const name = new TextDecoder().decode(bytes);
        return demangle(name) !== name;
      },
    },
  ];
  if (xz.length > 0) {
    all.push({
      name: 'xz',
      make: () => {
        const bytes = pick(xz).slice();
        // Mostly inside the LZMA2 data, where no checksum is looked at before it is decoded.
        if (random() < 0.3) return mutateBytes(bytes, random);
        bytes.set(mutateBytes(bytes.subarray(24, -40), random), 24);
        return bytes;
      },
      run: (bytes) => refusedBy(XzError, () => void decompressXz(bytes, 4 * 1024 * 1024)),
    });
  }
  return all;
}

function fail(target: Target, input: Uint8Array, what: string): never {
  const path = join(tmpdir(), `waggle-fuzz-failure-${seed}`);
  writeFileSync(path, input);
  console.error(`${target.name}: ${what}\ninput kept in ${path}, seed ${seed}`);
  process.exit(1);
}

interface Count {
  cases: number;
  answered: number;
  slowest: number;
}

try {
  const all = targets();
  const counts = new Map<string, Count>();
  const cpuAtStart = process.cpuUsage();
  const cpuSeconds = () => {
    const { user, system } = process.cpuUsage(cpuAtStart);
    return (user + system) / 1e6;
  };
  let base = 0;
  let peak = 0;
  let cases = 0;
  while (cpuSeconds() < seconds) {
    // node:zlib gives its handles back in a later tick, which a loop without a pause never reaches.
    if (cases % PAUSE === 0) await new Promise((resolve) => setImmediate(resolve));
    const target = all[cases++ % all.length] as Target;
    const input = target.make();
    const count = counts.get(target.name) ?? { cases: 0, answered: 0, slowest: 0 };
    counts.set(target.name, count);
    const started = performance.now();
    try {
      if (target.run(input)) count.answered++;
    } catch (error) {
      fail(target, input, error instanceof Error ? (error.stack ?? error.message) : String(error));
    }
    const took = performance.now() - started;
    count.cases++;
    count.slowest = Math.max(count.slowest, took);
    if (took > SLOW_MS) fail(target, input, `took ${took.toFixed(0)} ms`);
    if (cases % 256 !== 0) continue;
    const { rss } = process.memoryUsage();
    if (base === 0 && cpuSeconds() > Math.min(5, seconds / 4)) base = rss;
    peak = Math.max(peak, rss);
    if (base > 0 && rss - base > MAX_GROWTH) fail(target, input, `${rss} bytes are held`);
  }
  console.log(`seed ${seed}: ${cases} cases in ${cpuSeconds().toFixed(0)} CPU seconds`);
  for (const [name, { cases: n, answered, slowest }] of counts) {
    const share = ((100 * answered) / n).toFixed(0);
    console.log(`  ${name}: ${n}, ${share} % answered, slowest ${slowest.toFixed(0)} ms`);
  }
  console.log(`  peak memory ${(peak / 1e6).toFixed(0)} MB`);
} finally {
  rmSync(directory, { recursive: true });
}
