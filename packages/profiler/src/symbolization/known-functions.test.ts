// Names that were asked for before are not asked for again, as long as they are of the same content.

import { afterAll, expect, test } from 'bun:test';
import { closeSync, copyFileSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ElfImage } from '@waggle/symbols';
import type { Frame } from '../frames/frame-table.ts';
import { contentOf } from '../mappings/file-content.ts';
import { VDSO } from '../mappings/object-files.ts';
import { KnownFunctions } from './known-functions.ts';
import type { SymbolizationRequest } from './protocol.ts';
import { SymbolizationClient } from './symbolization-client.ts';
import { Symbolizer } from './symbolizer.ts';

const folder = mkdtempSync(join(tmpdir(), 'waggle-known-functions-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The real one, which tells what it was asked. */
class ToldReader extends SymbolizationClient {
  readonly asked: string[] = [];

  override ask<Q extends SymbolizationRequest>(request: Q, msLeft?: () => number) {
    const places = 'places' in request ? request.places.length : 0;
    this.asked.push(`${request.kind} ${places}`);
    return super.ask(request, msLeft);
  }
}

const files = { reopen: () => undefined, placeOf: () => ({}) };

/** Of the first bytes of code of a program. */
function framesOf(path: string, fd: number): Frame[] {
  using elf = ElfImage.open(path);
  const code = elf.loads.find(({ executable }) => executable);
  const object = { key: path, path, fd, content: contentOf(fd), missing: undefined };
  return [0x40, 0x80, 0x1000].map((at) => ({
    ...({ kind: 'user', object, isReturn: false, isSignalReturn: false } as const),
    offset: (code?.fileOffset ?? 0) + at,
  }));
}

test('the same names come again without the thread, and others once the file was written to', async () => {
  const path = join(folder, 'program');
  copyFileSync(process.execPath, path);
  const fd = openSync(path, 'r');
  using reader = new ToldReader({ lines: false });
  const symbolizer = new Symbolizer(reader, files);
  const frames = framesOf(path, fd);
  const kernel: Frame = { kind: 'kernel', address: 0xffff_ffff_8100_1000n, isReturn: false };
  const told: number[] = [];
  const first = await symbolizer.functionsOf([...frames, kernel], (index) => told.push(index));
  expect(reader.asked).toEqual(['kernel-functions 1', 'functions 3']);
  const again = await symbolizer.functionsOf([...frames, kernel], (index) => told.push(index));
  expect(again).toEqual(first);
  expect(told).toEqual([0, 1, 2, 0, 1, 2]);
  const isNamed = first[3]?.[0]?.name.startsWith('[') === false;
  expect(reader.asked.slice(2)).toEqual(isNamed ? [] : ['kernel-functions 1']);
  reader.asked.length = 0;

  const more = { ...(frames[0] as Frame & { kind: 'user' }), isReturn: true };
  const mixed = await symbolizer.functionsOf([...frames, more]);
  expect(mixed.slice(0, 3)).toEqual(first.slice(0, 3));
  expect(reader.asked).toEqual(['functions 1']);

  writeFileSync(path, 'another content');
  const changed = await symbolizer.functionsOf(frames);
  expect(changed.map(([one]) => one && 'reason' in one && one.reason)).toEqual([
    ...['changed', 'changed', 'changed'],
  ]);
  closeSync(fd);
});

test('so many are kept: those that are asked for again', () => {
  const known = new KnownFunctions(10);
  const object = { key: 'a', path: '/a', fd: 1, content: undefined, missing: undefined };
  const answer = [{ name: 'main', kind: 'user' }] as const;
  const place = (offset: number) => ({ offset, isReturn: false });
  for (let offset = 0; offset < 1000; offset++) {
    known.add(object, place(offset), answer);
    expect(known.of(object, place(0))).toEqual(answer);
  }
  expect(known.of(object, place(900))).toBeUndefined();
  expect(known.of({ ...object, key: 'b' }, place(0))).toBeUndefined();
  expect(known.of(object, { offset: 0, isReturn: true })).toBeUndefined();
});

test('of modules, of BPF programs and of files that nobody holds nothing is kept', () => {
  const known = new KnownFunctions();
  const place = { address: 0xffff_ffff_8100_1000n, isReturn: true };
  for (const found of [
    { name: 'ext4_readdir', kind: 'kernel', object: 'ext4' },
    { name: '[kernel+0xffffffff81001000]', kind: 'kernel' },
  ] as const) {
    known.addKernel(place, found);
    expect(known.ofKernel(place)).toBeUndefined();
  }
  const text = { name: 'do_exit', kind: 'kernel' } as const;
  known.addKernel(place, text);
  expect(known.ofKernel({ address: place.address - 1n, isReturn: false })).toEqual(text);
  const file = { key: 'a', path: '/a', fd: 1, content: undefined, missing: undefined };
  expect(KnownFunctions.keeps(file)).toBe(true);
  expect(KnownFunctions.keeps({ ...file, path: VDSO, fd: undefined })).toBe(true);
  expect(KnownFunctions.keeps({ ...file, fd: undefined })).toBe(false);
  expect(KnownFunctions.keeps({ ...file, remote: '0:50' })).toBe(false);
});
