import { afterAll, describe, expect, test } from 'bun:test';
import {
  chmodSync,
  chownSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ElfImage } from '@waggle/symbols';
import { BASE, buildElf, TEXT_OFFSET } from '../../test/build-elf.ts';
import { FrameAssembler } from '../../test/frame-assembler.ts';
import { buildUnwindTable } from '../elf/build-table.ts';
import { decodeTableFile, encodeTableFile } from './table-file.ts';
import { tableKeyOf } from './table-key.ts';
import { TableStore } from './table-store.ts';

const root = mkdtempSync(join(tmpdir(), 'waggle-unwind-store-'));
afterAll(() => rmSync(root, { recursive: true }));

let stores = 0;
const newStore = (maxBytes?: number) => {
  const options = maxBytes === undefined ? {} : { maxBytes };
  return new TableStore(join(root, `${stores++}`), options);
};

function note(buildId: number): Uint8Array {
  const bytes = new Uint8Array(12 + 4 + 20);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 4, true);
  view.setUint32(4, 20, true);
  view.setUint32(8, 3, true);
  bytes.set([0x47, 0x4e, 0x55, 0], 12);
  view.setUint32(16, buildId, true);
  return bytes;
}

function elfOf(buildId: number | undefined, functions = 3, offset = 16): ElfImage {
  const frames = new FrameAssembler();
  const cie = frames.cie();
  for (let i = 0; i < functions; i++) {
    const start = BASE + TEXT_OFFSET + i * 64;
    frames.function(cie, start, 48, [['def_cfa_offset', offset + 8 * i]]);
  }
  const sections = [{ name: '.eh_frame', bytes: frames.bytes() }];
  if (buildId !== undefined) {
    sections.push({ name: '.note.gnu.build-id', bytes: note(buildId) });
  }
  const file = buildElf({ sections });
  if (buildId !== undefined) markNote(file);
  return ElfImage.parse(file);
}

/** SHT_NOTE for the last section before the string table. */
function markNote(file: Uint8Array): void {
  const view = new DataView(file.buffer);
  const shoff = Number(view.getBigUint64(40, true));
  const count = view.getUint16(60, true);
  view.setUint32(shoff + 64 * (count - 2) + 4, 7, true);
}

function onlyFile(store: TableStore): string {
  const names = readdirSync(store.directory, { recursive: true, encoding: 'utf8' });
  const files = names.filter((name) => name.endsWith('.unwind'));
  expect(files.length).toBe(1);
  return join(store.directory, files[0] ?? '');
}

describe('a store', () => {
  test('parses a file once', () => {
    const store = newStore();
    const first = store.tableOf(elfOf(1));
    const second = store.tableOf(elfOf(1));
    expect(store.stats).toEqual({ hits: 1, misses: 1, rejected: 0, unwritten: 0 });
    expect(second.table.bytes).toEqual(first.table.bytes);
    expect(second.stats).toEqual(first.stats);
    expect(second.table.rowCount).toBe(6 - 1);
    const mode = statSync(onlyFile(store)).mode & 0o777;
    expect(mode).toBe(0o600);
  });

  test('another store on the same directory finds it', () => {
    const store = newStore();
    store.tableOf(elfOf(1));
    const again = new TableStore(store.directory);
    again.tableOf(elfOf(1));
    expect(again.stats.hits).toBe(1);
  });

  test('a file without build-id is parsed once too', () => {
    const store = newStore();
    for (let run = 0; run < 2; run++)
      expect(store.tableOf(elfOf(undefined)).table.rowCount).toBe(5);
    expect(store.stats).toEqual({ hits: 1, misses: 1, rejected: 0, unwritten: 0 });
  });

  test('another file of the same build-id is not mistaken for it, nor does it take its place', () => {
    const store = newStore();
    const real = store.tableOf(elfOf(1)).table.bytes;
    expect(store.tableOf(elfOf(1, 9)).stats.functions).toBe(9);
    // Of the same layout: only what is said of the code differs.
    expect(store.tableOf(elfOf(1, 3, 32)).table.bytes).not.toEqual(real);
    expect(store.stats).toMatchObject({ hits: 0, rejected: 0, misses: 3 });
    expect(store.tableOf(elfOf(1)).table.bytes).toEqual(real);
    expect(store.stats.hits).toBe(1);
  });

  test('a damaged file is replaced, wherever the damage is', () => {
    const store = newStore();
    const { bytes } = store.tableOf(elfOf(1)).table;
    const path = onlyFile(store);
    const sound = readFileSync(path);
    for (const at of [0, 4, 6, 8, 12, 16, 20, 60, 70, 95, 128, 128 + 1500, sound.length - 1]) {
      const damaged = Uint8Array.from(sound);
      damaged[at]! ^= 0x10;
      writeFileSync(path, damaged);
      expect(store.tableOf(elfOf(1)).table.bytes).toEqual(bytes);
    }
    for (const length of [0, 100, 128, sound.length - 1]) {
      writeFileSync(path, sound.subarray(0, length));
      expect(store.tableOf(elfOf(1)).table.bytes).toEqual(bytes);
    }
    expect(store.stats.rejected).toBe(17);
    expect(readFileSync(path)).toEqual(sound);
  });

  test('links and directories in the place of a file are not followed', () => {
    const store = newStore();
    store.tableOf(elfOf(1));
    const path = onlyFile(store);
    const elsewhere = join(root, 'elsewhere');
    writeFileSync(elsewhere, readFileSync(path));
    rmSync(path);
    symlinkSync(elsewhere, path);
    store.tableOf(elfOf(1));
    expect(store.stats.hits).toBe(0);
    expect(statSync(path).isFile()).toBe(true);
    expect(readFileSync(elsewhere).length).toBeGreaterThan(128);
  });

  test('a file that others may write to is not believed', () => {
    const store = newStore();
    store.tableOf(elfOf(1));
    chmodSync(onlyFile(store), 0o620);
    store.tableOf(elfOf(1));
    expect(store.stats).toMatchObject({ hits: 0, rejected: 1 });
    store.tableOf(elfOf(1));
    expect(store.stats.hits).toBe(1);
  });

  test('a directory that others may write to is neither believed nor written to', () => {
    const store = newStore();
    store.tableOf(elfOf(1));
    const folder = join(onlyFile(store), '..');
    chmodSync(folder, 0o777);
    expect(store.tableOf(elfOf(1)).table.rowCount).toBe(5);
    expect(store.stats).toMatchObject({ hits: 0, rejected: 0, unwritten: 1 });
    chmodSync(folder, 0o700);
    store.tableOf(elfOf(1));
    expect(store.stats.hits).toBe(1);
  });

  test.skipIf(process.geteuid?.() !== 0)('a file of somebody else is not believed', () => {
    const store = newStore();
    store.tableOf(elfOf(1));
    chownSync(onlyFile(store), 54321, 54321);
    store.tableOf(elfOf(1));
    expect(store.stats).toMatchObject({ hits: 0, rejected: 1 });
  });

  test('a directory that cannot be written costs nothing but the time', () => {
    const blocked = join(root, 'a-file');
    writeFileSync(blocked, '');
    const store = new TableStore(join(blocked, 'below'));
    expect(store.tableOf(elfOf(1)).table.rowCount).toBe(5);
    expect(store.stats).toMatchObject({ misses: 1, unwritten: 1 });
    chmodSync(blocked, 0o600);
  });

  test('no half-written file is left behind, and one of a killed writer is pruned', () => {
    const store = newStore();
    store.tableOf(elfOf(1));
    const path = onlyFile(store);
    writeFileSync(`${path}.0123`, new Uint8Array(100_000));
    utimesSync(`${path}.0123`, 1, 1);
    store.prune(50_000);
    expect(readdirSync(join(path, '..')).length).toBe(1);
  });

  test('stays below its size, the newest files first', () => {
    const store = newStore(3 * (128 + 5 * 1024));
    for (let id = 1; id <= 20; id++) store.tableOf(elfOf(id, 3, 8 * id));
    const files = readdirSync(store.directory, { recursive: true, encoding: 'utf8' });
    const kept = files.filter((name) => name.endsWith('.unwind'));
    expect(kept.length).toBeGreaterThan(0);
    expect(kept.length).toBeLessThan(5);
    store.tableOf(elfOf(20, 3, 160));
    expect(store.stats.hits).toBe(1);
  });

  test('names in a key are no paths', () => {
    const store = newStore();
    const key = '../../etc/passwd';
    expect(() => store.load(key)).toThrow(RangeError);
    expect(() => store.save(key, buildUnwindTable(elfOf(1)))).toThrow(RangeError);
  });
});

describe('the file', () => {
  test('round trip', () => {
    const built = buildUnwindTable(elfOf(1));
    const key = tableKeyOf(elfOf(1));
    const read = decodeTableFile(encodeTableFile(key, built), key);
    expect([...read.table.rows()]).toEqual([...built.table.rows()]);
    expect(read.stats).toEqual(built.stats);
  });

  test('a key comes from the content, whatever the build-id', () => {
    const one = tableKeyOf(elfOf(1));
    expect(one).toMatch(/^[0-9a-f]{64}$/);
    expect(tableKeyOf(elfOf(1))).toBe(one);
    for (const other of [elfOf(1, 9), elfOf(1, 3, 32), elfOf(undefined)])
      expect(tableKeyOf(other)).not.toBe(one);
  });
});
