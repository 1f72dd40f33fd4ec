import { afterAll, expect, test } from 'bun:test';
import {
  closeSync,
  copyFileSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contentOf } from '../file-content.ts';
import { NamedObjects } from './named-objects.ts';
import { ObjectReading } from './object-reading.ts';

const folder = mkdtempSync(join(tmpdir(), 'waggle-object-reading-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('the objects that were not used for longest are closed and forgotten', () => {
  const closed: string[] = [];
  const named = new NamedObjects(3);
  const add = (key: string) =>
    named.set(key, {
      vaddrOfFileOffset: () => undefined,
      lookup: () => undefined,
      close: () => closed.push(key),
    });
  for (const key of ['a', 'b', 'c']) add(key);
  expect(named.get('a')?.object).toBeDefined();
  named.set('no ELF file', undefined);
  expect(closed).toEqual(['b']);
  expect(named.get('b')).toBeUndefined();
  expect(named.get('no ELF file')).toEqual({ object: undefined });
  add('d');
  expect(closed).toEqual(['b', 'c']);
  named[Symbol.dispose]();
  expect(closed).toEqual(['b', 'c', 'a', 'd']);
});

test('a reader of many objects with lines keeps so many open', () => {
  /** Debug files, which stay open for their lines. */
  const opened = () =>
    readdirSync('/proc/self/fd').filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`).startsWith(folder);
      } catch {
        return false;
      }
    }).length;
  const reading = new ObjectReading({ lines: true });
  const places = [{ offset: 0x40, isReturn: false }];
  const source = join(folder, 'source.c');
  const library = join(folder, 'library.so');
  writeFileSync(source, 'int answer(void) { return 42; }');
  const debugFile = join(folder, 'library.debug');
  for (const command of [
    ['cc', '-g', '-shared', '-o', library, source],
    ['objcopy', '--only-keep-debug', library, debugFile],
    ['objcopy', '--strip-debug', `--add-gnu-debuglink=${debugFile}`, library],
  ])
    expect(Bun.spawnSync(command).exitCode).toBe(0);
  for (let n = 0; n < 300; n++) {
    const path = join(folder, `object-${n}`);
    copyFileSync(library, path);
    const fd = openSync(path, 'r');
    const object = { key: path, path, fd, content: contentOf(fd), missing: undefined };
    reading.answer({ kind: 'functions', object, places });
    closeSync(fd);
  }
  expect(opened()).toBe(256);
  reading[Symbol.dispose]();
  expect(opened()).toBe(0);
});
