import { afterAll, expect, test } from 'bun:test';
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ElfImage, ObjectSymbols, SymbolTable } from '@waggle/symbols';
import { buildUnwindTable, UnwindTable } from '@waggle/unwind';
import { contentOf } from '../mappings/file-content.ts';
import type { ObjectFile } from '../mappings/object-file.ts';
import { VDSO } from '../mappings/object-files.ts';
import { ReaderClosed, SymbolizationClient } from './symbolization-client.ts';

const folder = mkdtempSync(join(tmpdir(), 'waggle-symbolization-'));
afterAll(() => rmSync(folder, { recursive: true }));

const SHELL = '/bin/sh';

function fileAt(path: string): ObjectFile & { readonly fd: number } {
  const fd = openSync(path, 'r');
  return { key: path, path, fd, content: contentOf(fd), missing: undefined };
}

test('tables are those that the package makes', async () => {
  using reader = new SymbolizationClient({ lines: false });
  const object = fileAt(SHELL);
  const { table, changed } = await reader.ask({ kind: 'unwind-table', object });
  closeSync(object.fd);
  using elf = ElfImage.open(SHELL);
  expect(changed).toBe(false);
  expect(table && UnwindTable.fromBytes(table).bytes).toEqual(buildUnwindTable(elf).table.bytes);
});

test('from a cache directory too, whose second answer comes from the disk', async () => {
  const cacheDirectory = join(folder, 'cache');
  const tables = [];
  for (let run = 0; run < 2; run++) {
    using reader = new SymbolizationClient({ lines: false, cacheDirectory });
    const object = fileAt(SHELL);
    tables.push((await reader.ask({ kind: 'unwind-table', object })).table);
    closeSync(object.fd);
  }
  const files = readdirSync(join(cacheDirectory, 'unwind'), { recursive: true }) as string[];
  expect(files.filter((name) => name.endsWith('.unwind'))).toHaveLength(1);
  expect(tables[0]).toBeDefined();
  expect(tables[1]).toEqual(tables[0] as Uint8Array<ArrayBuffer>);
});

test('names are those that the package finds, and nothing for what is outside of any code', async () => {
  using reader = new SymbolizationClient({ lines: false });
  const object = fileAt(process.execPath);
  using symbols = ObjectSymbols.open(process.execPath);
  using elf = ElfImage.open(process.execPath);
  const { start: starts } = SymbolTable.fromElf(elf).ranges;
  const { start = 0, name = '' } = symbols.lookup(starts[100] ?? 0) ?? {};
  const load = elf.loads.find(({ vaddr, memSize }) => start >= vaddr && start < vaddr + memSize);
  const offset = start - (load?.vaddr ?? 0) + (load?.fileOffset ?? 0);
  const { functions } = await reader.ask({
    kind: 'functions',
    object,
    places: [
      { offset, isReturn: false },
      { offset: 2 ** 50, isReturn: false },
    ],
  });
  closeSync(object.fd);
  expect(name).not.toBe('');
  expect(functions[0]).toEqual([
    expect.objectContaining({ object: process.execPath, address: BigInt(start) }),
  ]);
  expect(functions[1]).toBeUndefined();
});

test('the kernel and its vDSO', async () => {
  using reader = new SymbolizationClient({ lines: false });
  const { functions } = await reader.ask({
    kind: 'kernel-functions',
    places: [{ address: 1n, isReturn: false }],
  });
  expect(functions).toEqual([{ name: '[kernel+0x1]', kind: 'kernel', address: 1n }]);
  const vdso = { key: VDSO, path: VDSO, fd: undefined, content: undefined, missing: undefined };
  const { table } = await reader.ask({ kind: 'unwind-table', object: vdso });
  expect(table && UnwindTable.fromBytes(table).rowCount).toBeGreaterThan(10);
});

test('what is no object has no table and no names; a table that cannot be read is an error', async () => {
  using reader = new SymbolizationClient({ lines: false });
  const path = join(folder, 'text');
  writeFileSync(path, 'not an ELF file');
  const object = fileAt(path);
  expect(await reader.ask({ kind: 'unwind-table', object })).toEqual({
    table: undefined,
    changed: false,
  });
  const places = [{ offset: 0, isReturn: false }];
  expect((await reader.ask({ kind: 'functions', object, places })).functions).toEqual([undefined]);
  closeSync(object.fd);
  const closed = { ...object, fd: 9999 };
  expect((await reader.ask({ kind: 'functions', object: closed, places })).functions).toEqual([
    undefined,
  ]);
  const failure = await reader
    .ask({ kind: 'unwind-table', object: closed })
    .catch(({ message }: Error) => message);
  expect(failure).toStartWith('EBADF');
});

test('a request that is open when the reader is closed is rejected, as is a later one', async () => {
  const reader = new SymbolizationClient({ lines: false });
  const object = fileAt(SHELL);
  const open = reader.ask({ kind: 'unwind-table', object });
  reader[Symbol.dispose]();
  reader[Symbol.dispose]();
  await expect(open).rejects.toBeInstanceOf(ReaderClosed);
  await expect(reader.ask({ kind: 'unwind-table', object })).rejects.toBeInstanceOf(ReaderClosed);
  closeSync(object.fd);
});

/** ELF64, with so many functions in its .eh_frame, in no order: that takes seconds to read. */
function writeObject(path: string, functions: number): void {
  const [HEADER, PROGRAM, SECTION, FDE] = [64, 56, 64, 32];
  const names = Buffer.from('\0.eh_frame\0.shstrtab\0');
  // Version 1, `zR`, code by 1 and data by -8, the return address, absolute addresses, CFA at 8(%rsp).
  const cie = [
    20, 0, 0, 0, 0, 0, 0, 0, 1, 0x7a, 0x52, 0, 1, 0x78, 16, 1, 0, 0x0c, 7, 8, 0, 0, 0, 0,
  ];
  const frames = HEADER + PROGRAM + 3 * SECTION;
  const frameBytes = cie.length + functions * FDE + 4;
  const file = Buffer.alloc(frames + frameBytes + names.length);
  const u64 = (value: number, at: number) => file.writeBigUInt64LE(BigInt(value), at);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  file.writeUInt16LE(3, 16);
  file.writeUInt16LE(process.arch === 'arm64' ? 183 : 62, 18);
  file.writeUInt32LE(1, 20);
  u64(HEADER, 32);
  u64(HEADER + PROGRAM, 40);
  for (const [index, field] of [HEADER, PROGRAM, 1, SECTION, 3, 2].entries())
    file.writeUInt16LE(field, 52 + 2 * index);
  file.writeUInt32LE(1, HEADER);
  file.writeUInt32LE(5, HEADER + 4);
  u64(file.length, HEADER + 32);
  u64(file.length, HEADER + 40);
  const sections = [
    { name: 1, type: 1, offset: frames, size: frameBytes },
    { name: 11, type: 3, offset: frames + frameBytes, size: names.length },
  ];
  for (const [index, { name, type, offset, size }] of sections.entries()) {
    const at = HEADER + PROGRAM + (index + 1) * SECTION;
    file.writeUInt32LE(name, at);
    file.writeUInt32LE(type, at + 4);
    u64(2, at + 8);
    u64(offset, at + 16);
    u64(offset, at + 24);
    u64(size, at + 32);
  }
  file.set(cie, frames);
  for (let index = 0, at = frames + cie.length; index < functions; index++, at += FDE) {
    file.writeUInt32LE(FDE - 4, at);
    file.writeUInt32LE(at + 4 - frames, at + 4);
    u64(Math.imul(index, 0x9e37_79b1) >>> 8, at + 8);
    u64(8, at + 16);
  }
  file.set(names, frames + frameBytes);
  writeFileSync(path, file);
}

test('a thread that is ended in the middle of a file leaves no descriptor', async () => {
  const path = join(folder, 'large');
  writeObject(path, 1_000_000);
  const object = fileAt(path);
  const open = () =>
    readdirSync('/proc/self/fd').filter((fd) => linkOf(`/proc/self/fd/${fd}`) === path).length;
  const until = async (isDone: () => boolean) => {
    for (let round = 0; round < 3000 && !isDone(); round++) await Bun.sleep(10);
    expect(isDone()).toBe(true);
  };
  const before = open();
  for (let round = 0; round < 3; round++) {
    const reader = new SymbolizationClient({ lines: false });
    const asked = reader.ask({ kind: 'unwind-table', object }).catch((error: Error) => error);
    await until(() => open() > before);
    reader[Symbol.dispose]();
    expect(await asked).toBeInstanceOf(ReaderClosed);
    await until(() => open() === before);
  }
  closeSync(object.fd);
}, 120_000);

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

test('an open request keeps the process alive, an idle reader does not', async () => {
  const script = join(folder, 'script.ts');
  writeFileSync(
    script,
    `import { SymbolizationClient } from ${JSON.stringify(join(import.meta.dir, 'symbolization-client.ts'))};
    const reader = new SymbolizationClient({ lines: false });
    reader.ask({ kind: 'kernel-functions', places: [{ address: 1n, isReturn: false }] })
      .then(({ functions }) => console.log(functions.length));`,
  );
  const child = Bun.spawn([process.execPath, script], { stdout: 'pipe', stderr: 'inherit' });
  expect(await new Response(child.stdout).text()).toBe('1\n');
  expect(await child.exited).toBe(0);
});
