import { afterAll, beforeEach, describe, expect, test } from 'bun:test';
import {
  appendFileSync,
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KernelSymbols } from '../kernel-symbols.ts';
import { crc32 } from '../xz/checksum.ts';
import { encodeKernelBlocks, KernelBlocks } from './kernel-blocks.ts';
import { readKernelSymbols } from './kernel-cache.ts';

const home = mkdtempSync(join(tmpdir(), 'waggle-kernel-cache-'));
afterAll(() => rmSync(home, { recursive: true }));
let directory = '';
let round = 0;
beforeEach(() => {
  directory = join(home, `cache-${round++}`);
});

const LINES = [
  'ffffffff81000000 T first',
  'ffffffff81000100 T second',
  'ffffffff81000200 D data',
  'ffffffffc0201000 t in_module\t[xfs]',
  'ffffffffc0301000 t bpf_prog_one\t[bpf]',
];

function kernel(
  lines: readonly string[] = LINES,
  modules = 'xfs 100 2 - Live 0xffffffffc0201000\n',
) {
  const file = (name: string, text: string) => {
    const path = join(home, `${name}-${round++}`);
    writeFileSync(path, text);
    return path;
  };
  return {
    kallsyms: file('kallsyms', lines.map((line) => `${line}\n`).join('')),
    modules: file('modules', modules),
    bootId: file('boot', 'b-1\n'),
  };
}

const files = () => readdirSync(join(directory, 'kernel-2'));
const path = () => join(directory, 'kernel-2', files()[0] as string);

test('the second run does not ask the kernel, but for code that comes and goes', () => {
  const sources = kernel();
  readKernelSymbols(directory, sources);
  // Only what is read anew can tell.
  writeFileSync(sources.kallsyms, 'ffffffffc0301000 t bpf_prog_two\t[bpf]\n');
  const symbols = readKernelSymbols(directory, sources);
  expect(symbols.lookup(0xffffffff81000010n)).toEqual({ name: 'first', offset: 16 });
  expect(symbols.lookup(0xffffffffc0201004n)?.module).toBe('xfs');
  expect(symbols.lookup(0xffffffffc0301004n)?.name).toBe('bpf_prog_two');
  expect(symbols.lookup(0xffffffff81000204n)).toBeUndefined();
  expect(symbols.restricted).toBe(false);
  expect(files()).toHaveLength(1);
  expect(statSync(path()).mode & 0o777).toBe(0o600);
});

test('code that comes and goes between the code and the data of a module is not the module', () => {
  const sources = kernel([
    ...LINES.slice(0, -1),
    'ffffffffc0301000 t bpf_prog_one\t[bpf]',
    'ffffffffc0501000 d module_data\t[xfs]',
  ]);
  for (const _run of ['stored', 'read again']) {
    const symbols = readKernelSymbols(directory, sources);
    expect(symbols.lookup(0xffffffffc0301004n)?.name).toBe('bpf_prog_one');
    expect(symbols.lookup(0xffffffffc0201004n)?.name).toBe('in_module');
  }
});

test('another boot and other modules have their own, and end the older one', () => {
  const sources = kernel();
  readKernelSymbols(directory, sources);
  const first = files();
  // One more user of a module is no other kernel.
  writeFileSync(sources.modules, 'xfs 100 3 - Live 0xffffffffc0201000\n');
  readKernelSymbols(directory, sources);
  expect(files()).toEqual(first);
  writeFileSync(sources.modules, 'xfs 100 3 - Live 0xffffffffc0400000\n');
  readKernelSymbols(directory, sources);
  const second = files();
  expect(second).toHaveLength(1);
  expect(second).not.toEqual(first);
  writeFileSync(sources.bootId, 'b-2\n');
  readKernelSymbols(directory, sources);
  expect(files()).toHaveLength(1);
  expect(files()).not.toEqual(second);
});

test('what is read while a module is loaded is not stored under the modules before it', () => {
  const sources = kernel();
  const { kallsyms } = sources;
  let reads = 0;
  const meanwhile = {
    ...sources,
    get kallsyms() {
      if (reads++ === 0) appendFileSync(sources.modules, 'nfs 100 0 - Live 0xffffffffc0500000\n');
      return kallsyms;
    },
  };
  expect(readKernelSymbols(directory, meanwhile).lookup(0xffffffff81000000n)?.name).toBe('first');
  expect(reads).toBe(1);
  expect(() => files()).toThrow('ENOENT');
  readKernelSymbols(directory, meanwhile);
  expect(files()).toHaveLength(1);
});

test('hidden addresses are not stored', () => {
  const hidden = kernel(LINES.map((line) => line.replace(/^\w+/, '0000000000000000')));
  expect(readKernelSymbols(directory, hidden).restricted).toBe(true);
  expect(() => files()).toThrow('ENOENT');
});

test('a kernel without modules, and a directory that cannot be made', () => {
  const sources = { ...kernel(), modules: join(home, 'absent') };
  expect(readKernelSymbols(directory, sources).lookup(0xffffffff81000000n)?.name).toBe('first');
  expect(files()).toHaveLength(1);
  writeFileSync(join(home, 'file'), '');
  const below = readKernelSymbols(join(home, 'file', 'below'), sources);
  expect(below.lookup(0xffffffff81000000n)?.name).toBe('first');
});

describe('a file', () => {
  test('that others may write to is not believed', () => {
    const sources = kernel();
    readKernelSymbols(directory, sources);
    chmodSync(path(), 0o660);
    writeFileSync(sources.kallsyms, 'ffffffff81000000 T other\n');
    expect(readKernelSymbols(directory, sources).lookup(0xffffffff81000000n)?.name).toBe('other');
  });

  test('that is damaged anywhere is read anew, as far as it is', () => {
    const sources = kernel();
    readKernelSymbols(directory, sources);
    const good = readFileSync(path());
    // Who reads the kernel gets other names for the same code.
    writeFileSync(sources.kallsyms, LINES.join('\n').replaceAll('first', 'again'));
    const nameOf = (bytes: Uint8Array) => {
      writeFileSync(path(), bytes);
      const symbols = readKernelSymbols(directory, sources);
      const name = symbols.lookup(0xffffffff81000010n)?.name;
      symbols.close?.();
      return name;
    };
    expect(nameOf(good)).toBe('first');
    for (let length = 0; length < good.length; length++)
      expect(nameOf(good.subarray(0, length))).toBe('again');
    for (let at = 0; at < good.length; at++) expect(nameOf(flipped(good, at))).toBe('again');
  });

  test('with a sum that fits is harmless, whatever it says', () => {
    const { columns } = KernelSymbols.read(kernel().kallsyms);
    const good = encodeKernelBlocks(columns, () => true);
    const indexAt = good.indexOf(0x5d) + 1 + ((4 - ((good.indexOf(0x5d) + 1) % 4)) % 4);
    const blockAt = indexAt + 24;
    for (let at = 12; at < good.length; at++) {
      const bytes = flipped(good, at);
      const view = new DataView(bytes.buffer);
      if (at >= blockAt) view.setUint32(indexAt + 20, crc32(bytes.subarray(blockAt)), true);
      view.setUint32(8, crc32(bytes.subarray(12, blockAt)), true);
      const blocks = KernelBlocks.open((from, length) =>
        from + length > bytes.length ? undefined : bytes.slice(from, from + length),
      );
      const block = blocks?.blockOf(0xffffffff, 0x81000010) ?? -1;
      const found = block < 0 ? undefined : blocks?.block(block);
      if (found === undefined) continue;
      const symbols = KernelSymbols.fromColumns(found, () =>
        KernelSymbols.parse(new Uint8Array(0)),
      );
      for (const address of [0n, 0xffffffff81000010n, 0xffffffffc0201004n])
        expect(typeof (symbols.lookup(address)?.name ?? '')).toBe('string');
    }
  });
});

function flipped(good: Uint8Array, at: number): Uint8Array {
  const bytes = Uint8Array.from(good);
  bytes[at] = (bytes[at] as number) ^ 0x41;
  return bytes;
}

test('symbols at the borders of blocks have the lengths that they have in one table', () => {
  const lines: string[] = [];
  for (let row = 0; row < 1300; row++) {
    const type = row % 256 === 0 || row % 7 === 3 ? 'D' : 't';
    const module = row > 1000 ? '\t[late]' : row > 700 ? '\t[xfs]' : '';
    lines.push(`${(0xffffffff80fff000n + BigInt(row * 40)).toString(16)} ${type} f${row}${module}`);
  }
  const sources = kernel(lines);
  readKernelSymbols(directory, sources);
  const whole = KernelSymbols.read(sources.kallsyms);
  // What the file has not is asked of the kernel: now it has nothing.
  writeFileSync(sources.kallsyms, '');
  const stored = readKernelSymbols(directory, sources);
  for (let row = -1; row < 1310; row++)
    for (const into of [0n, 39n]) {
      const address = 0xffffffff80fff000n + BigInt(row * 40) + into;
      expect(stored.lookup(address)).toEqual(whole.lookup(address));
    }
});

test('this kernel, from its own file, answers as from kallsyms', () => {
  readKernelSymbols(directory);
  const stored = readKernelSymbols(directory);
  const read = KernelSymbols.read();
  if (read.restricted) return;
  expect(readFileSync(path()).length).toBeGreaterThan(100_000);
  const { high, low } = read.columns;
  for (let row = 0; row < low.length; row += 997) {
    const address = (BigInt(high[row] as number) << 32n) | BigInt(low[row] as number);
    expect(stored.lookup(address + 3n)).toEqual(read.lookup(address + 3n));
  }
});
