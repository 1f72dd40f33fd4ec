// Files of others that root's `record` reads while naming: object files and perf maps that say more than
// they should cost, and copies that pass for a real one. Naming ends in time, in bounded memory, what was
// left out is said, and the host's own programs keep their names.

import { describe, expect } from 'bun:test';
import {
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
import { BoundedRecorder, Burners, expectBounded, MEBIBYTE, NOBODY } from '../support/burners.ts';
import { faultRow, IS_LONG } from '../support/fault-row.ts';
import { parseFolded, samples, samplesUnder, samplesWith } from '../support/folded.ts';
import { type HostileSection, SHF_COMPRESSED, SHT } from '../support/hostile-elf.ts';
import { TestProcess } from '../support/processes.ts';
import { Waggle } from '../support/waggle.ts';
import { copyOfWorkload, workload } from '../support/workloads.ts';

const area = 'hostile-files';
const recorder = BoundedRecorder.forFile();
const { folder } = recorder;
const { output, cache } = recorder;

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
        await using burners = await Burners.of(folder, count, sections);
        const result = await recorder.recorded(burners.pids, ...options);
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
    await using burners = await Burners.of(folder, 30, () =>
      tables(180 * MEBIBYTE, 250 * MEBIBYTE),
    );
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
    await using burners = await Burners.of(folder);
    try {
      writeMap(map, 246 * MEBIBYTE);
      for (let index = 0; index < (IS_LONG ? 12 : 4); index++) {
        const generated = ['nice', '-n', '19', workload('generated'), '600000', 'plain'];
        burners.adopt(new TestProcess(generated, { uid: NOBODY }));
        const link = `/tmp/perf-${burners.pids.at(-1)}.map`;
        linkSync(map, link);
        links.push(link);
      }
      const result = await recorder.recorded(burners.pids);
      // Maps have ten seconds of their own.
      expectBounded(result, 40);
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
      await recorder.recorded([program.pid]);
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
