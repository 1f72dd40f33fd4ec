// Files of others that root's `record` reads while naming: object files and perf maps that say more than
// they should cost, and copies that pass for a real one. Naming ends in time, in bounded memory, what was
// left out is said, and the host's own programs keep their names.

import { afterAll, beforeAll, describe, expect } from 'bun:test';
import {
  chmodSync,
  chownSync,
  closeSync,
  linkSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { ElfImage } from '@waggle/symbols';
import { faultRow, IS_LONG } from '../support/fault-row.ts';
import { parseFolded, samples, samplesUnder, samplesWith } from '../support/folded.ts';
import {
  type HostileSection,
  SHF_COMPRESSED,
  SHT,
  writeHostileElf,
} from '../support/hostile-elf.ts';
import { TestProcess, witnessesBelow } from '../support/processes.ts';
import { Waggle, type WaggleResult } from '../support/waggle.ts';
import { copyOfWorkload, freshFolder, workload } from '../support/workloads.ts';

const area = 'hostile-files';
const folder = freshFolder();
chmodSync(folder, 0o755);
afterAll(() => rmSync(folder, { recursive: true }));
// Its time is none of naming's: the command may have to be bundled.
beforeAll(async () => void (await Waggle.run(['--version'])), 60_000);

const MEBIBYTE = 2 ** 20;
const NOBODY = 65534;
const output = join(folder, 'out.folded');
const cache = join(folder, 'cache');

/** Of the whole command, while it names. A quiet one takes 150 MB. */
const MAX_RSS = 1200 * MEBIBYTE;
/** Naming others' files may take ten seconds, however loaded the host is. */
const MAX_SECONDS = 28;

interface Recorded extends WaggleResult {
  readonly maxRss: number;
  readonly seconds: number;
}

/** Records the processes while they run, as root. */
async function recorded(pids: readonly number[], ...options: string[]): Promise<Recorded> {
  rmSync(output, { force: true });
  const args = ['record', '-p', pids.join(','), '-d', '2', '-o', output, ...options];
  await using waggle = new Waggle(args, { env: { XDG_CACHE_HOME: cache } });
  let maxRss = 0;
  const watch = setInterval(async () => {
    for (const { pid } of [{ pid: waggle.pid }, ...witnessesBelow(waggle.pid)])
      maxRss = Math.max(maxRss, await rssOf(pid));
  }, 50);
  const startedAt = performance.now();
  try {
    const result = await waggle.result();
    return { ...result, maxRss, seconds: (performance.now() - startedAt) / 1000 };
  } finally {
    clearInterval(watch);
  }
}

async function rssOf(pid: number): Promise<number> {
  const status = await Bun.file(`/proc/${pid}/status`)
    .text()
    .catch(() => '');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
}

function expectBounded({ code, stderr, maxRss, seconds }: Recorded): void {
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(/written to/) });
  expect(maxRss).toBeLessThan(MAX_RSS);
  expect(seconds).toBeLessThan(MAX_SECONDS);
}

/** Programs of nobody that burn for as long as the scope lasts, beside one of root's. */
class Burners implements AsyncDisposable {
  private readonly processes: TestProcess[] = [];
  readonly pids: number[] = [];

  /** @param sections of each file; none for root's own program */
  static async of(
    count: number,
    sections: (index: number) => readonly HostileSection[],
  ): Promise<Burners> {
    const burners = new Burners();
    burners.start(workload('burn_in_1'));
    for (let index = 0; index < count; index++) {
      const path = join(folder, `hostile_${index}`);
      writeHostileElf(path, workload('burn_in_2'), sections(index));
      chownSync(path, NOBODY, NOBODY);
      burners.start(path, NOBODY);
    }
    return burners;
  }

  /** Root's own is sampled, however many of the others there are. */
  start(path: string, uid?: number): void {
    const command = [path, '600000'];
    if (uid === undefined) this.adopt(new TestProcess(command));
    else this.adopt(new TestProcess(['nice', '-n', '19', ...command], { uid }));
  }

  adopt(process: TestProcess): void {
    this.processes.push(process);
    this.pids.push(process.pid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const process of this.processes) await process[Symbol.asyncDispose]();
  }
}

const tables = (symbols: number, names: number): HostileSection[] => [
  { name: '.symtab', type: SHT.symtab, link: 1, entsize: 24, size: symbols },
  { name: '.strtab', type: SHT.strtab, size: names },
];

/** Zeros, as `objcopy --compress-debug-sections` stores them. */
function compressed(size: number): Uint8Array {
  const header = new Uint8Array(24);
  const view = new DataView(header.buffer);
  view.setUint32(0, 1, true);
  view.setBigUint64(8, BigInt(size), true);
  return Buffer.concat([header, deflateSync(new Uint8Array(size))]);
}

const dwarf = [
  '.debug_info',
  '.debug_abbrev',
  '.debug_line',
  '.debug_str',
  '.debug_ranges',
  '.debug_rnglists',
];

const kinds: readonly {
  readonly what: string;
  readonly count: number;
  readonly sections: (index: number) => readonly HostileSection[];
  readonly options?: readonly string[];
  readonly says?: RegExp;
}[] = [
  {
    what: 'symbol tables of a terabyte in files of a few kilobytes on disk',
    count: 4,
    sections: () => tables(2 ** 40, 2 ** 40),
    says: /\d objects were left without some of their names: their symbol tables are more than/,
  },
  {
    what: 'symbol tables of hundreds of megabytes, each within bounds',
    count: 8,
    sections: () => tables(180 * MEBIBYTE, 250 * MEBIBYTE),
  },
  {
    what: 'sixty overlapping tables over one hole',
    count: 8,
    sections: () => Array.from({ length: 30 }, () => tables(400 * MEBIBYTE, 400 * MEBIBYTE)).flat(),
  },
  {
    what: 'DWARF that inflates to 1.8 GB, with --lines',
    count: IS_LONG ? 3 : 1,
    sections: () => {
      const data = compressed(300 * MEBIBYTE);
      return dwarf.map((name) => ({ name, type: SHT.progbits, flags: SHF_COMPRESSED, data }));
    },
    options: ['--lines'],
  },
  {
    what: 'call frame information of a gigabyte, and 30 MB of one-byte functions',
    count: 4,
    sections: (index) => [
      index % 2 === 0
        ? { name: '.eh_frame', type: SHT.progbits, size: 1024 * MEBIBYTE }
        : { name: '.eh_frame', type: SHT.progbits, data: manyFunctions(30 * MEBIBYTE) },
    ],
  },
];

function manyFunctions(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 16, true);
  bytes.set([0, 0, 0, 0, 1, 0, 1, 0x78, 16, 0x0c, 7, 8, 0x90, 1, 0, 0], 4);
  for (let at = 20, count = 0; at + 28 < size; at += 24, count++) {
    view.setUint32(at, 20, true);
    view.setUint32(at + 4, at + 4, true);
    view.setBigUint64(at + 8, BigInt(0x1000 + (count % 0x400)), true);
    view.setBigUint64(at + 16, 1n, true);
  }
  return bytes;
}

describe('programs whose files cost too much to read', () => {
  for (const { what, count, sections, options = [], says } of kinds)
    faultRow(
      {
        area,
        what: `recording nobody's programs with ${what}`,
        holds: 'it ends in time and in bounded memory, and other programs have their names',
        times: [1, 3],
      },
      async () => {
        await using burners = await Burners.of(count, sections);
        const result = await recorded(burners.pids, ...options);
        expectBounded(result);
        if (says !== undefined) expect(result.stderr).toMatch(says);
        expect(await Bun.file(output).text()).toContain('only_in_1');
      },
    );
});

faultRow(
  {
    area,
    what: 'a signal while names are read',
    holds: 'what is named is written, and it ends at once',
    times: [1, 5],
  },
  async () => {
    await using burners = await Burners.of(30, () => tables(180 * MEBIBYTE, 250 * MEBIBYTE));
    const args = ['-p', burners.pids.join(','), '-o', output];
    rmSync(output, { force: true });
    await using waggle = await Waggle.record(args, { env: { XDG_CACHE_HOME: cache } });
    await Bun.sleep(1000);
    waggle.kill('SIGINT');
    await Bun.sleep(300);
    waggle.kill('SIGINT');
    const { code, stderr } = await waggle.result();
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('written to') });
    expect(stderr).toMatch(/naming was ended/);
    expect((await Bun.file(output).text()).length).toBeGreaterThan(0);
  },
);

faultRow(
  {
    area,
    what: `hard links to one perf map of 246 MB as that of ${IS_LONG ? 12 : 4} of nobody's processes`,
    holds: 'memory is what one takes that has no map, and each has its names',
    times: [1, 3],
  },
  async () => {
    const map = join('/tmp', `waggle-fault-${process.pid}.map`);
    const links: string[] = [map];
    await using burners = await Burners.of(0, () => []);
    try {
      writeMap(map, 246 * MEBIBYTE);
      for (let index = 0; index < (IS_LONG ? 12 : 4); index++) {
        const generated = [workload('generated'), '600000', 'plain'];
        burners.adopt(new TestProcess(generated, { uid: NOBODY }));
        const link = `/tmp/perf-${burners.pids.at(-1)}.map`;
        linkSync(map, link);
        links.push(link);
      }
      const result = await recorded(burners.pids);
      expectBounded(result);
      expect(result.maxRss).toBeLessThan(500 * MEBIBYTE);
      const stacks = parseFolded(readFileSync(output, 'utf8'));
      const unnamed = samples(stacks, ({ frames }) => /^\[jit\+0x/.test(frames.at(-1) ?? ''));
      expect(samplesWith(stacks, 'whatever_it_is')).toBeGreaterThan(9 * unnamed);
    } finally {
      for (const link of links) rmSync(link, { force: true });
    }
  },
);

/** Of nobody's: functions where nothing is, and at last one that is everywhere. */
function writeMap(path: string, bytes: number): void {
  const file = openSync(path, 'w');
  const lines = Array.from(
    { length: 20_000 },
    (_, index) => `${(0x1000_0000 + index * 16).toString(16)} 10 the_name_of_a_function_${index}`,
  );
  const piece = Buffer.from(`${lines.join('\n')}\n`);
  for (let written = 0; written < bytes; written += piece.length) writeSync(file, piece);
  writeSync(file, '100000000000 700000000000 whatever_it_is\n');
  closeSync(file);
  chownSync(path, NOBODY, NOBODY);
}

faultRow(
  {
    area,
    what: 'recording a copy of a program that has its build-id, and other call frame information',
    holds: 'stacks of the real one are whole afterwards',
    times: [1, 5],
  },
  async (round) => {
    rmSync(cache, { recursive: true, force: true });
    const forged = copyOfWorkload('call_tree_nofp', join(folder, `forged_${round}`));
    zeroFrames(forged);
    chownSync(forged, NOBODY, NOBODY);
    const run = async (path: string, uid?: number) => {
      await using program = new TestProcess([path, '60000'], uid === undefined ? {} : { uid });
      await recorded([program.pid]);
      return parseFolded(readFileSync(output, 'utf8'));
    };
    await run(forged, NOBODY);
    const stacks = await run(workload('call_tree_nofp'));
    const whole = samplesUnder(stacks, 'main', 'work');
    expect(whole).toBeGreaterThan(0);
    expect(whole).toBeGreaterThan(0.9 * samplesWith(stacks, 'work'));
  },
);

/** As if there were no functions; the build-id, and where everything is, stay. */
function zeroFrames(path: string): void {
  const bytes = readFileSync(path);
  const section = ElfImage.parse(bytes).section('.eh_frame');
  if (section === undefined) throw new Error(`${path} has no .eh_frame`);
  bytes.fill(0, section.offset, section.offset + section.size);
  writeFileSync(path, bytes);
}
