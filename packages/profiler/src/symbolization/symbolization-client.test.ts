import { afterAll, expect, test } from 'bun:test';
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ElfImage, ObjectSymbols } from '@waggle/symbols';
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
  const { start = 0, name = '' } = symbols.lookup(symbols.table.ranges.start[100] ?? 0) ?? {};
  using elf = ElfImage.open(process.execPath);
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
