import { dlopen } from 'bun:ffi';
import { afterAll, describe, expect, test } from 'bun:test';
import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  fstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryProcfs } from '@waggle/cache/testing';
import { ElfImage } from '@waggle/symbols';
import { holdsItsContent, isGenerated, ObjectFiles } from './object-files.ts';
import type { Mapping } from './perf-records.ts';

const home = mkdtempSync(join(tmpdir(), 'waggle-object-files-'));
afterAll(() => rmSync(home, { recursive: true }));

/** The clock of this process stands for that since boot. */
const now = () => BigInt(Date.now()) * 1_000_000n;
const clock = { now, toEpoch: () => 0n };
/** More than what file systems round their times to. */
const later = () => Bun.sleep(20);
/** By then a file is looked at again. */
const muchLater = () => Bun.sleep(110);

/** <asm-generic/ioctls.h>: unlock a pseudo-terminal, and its number; see ioctl_tty(2). */
const TIOCSPTLCK = 0x4004_5431;
const TIOCGPTN = 0x8004_5430;

let files = 0;
const freshPath = () => join(home, `file-${files++}`);

function mappingOf(path: string): Mapping {
  const { ino, dev } = statSync(path, { bigint: true });
  const device = `${(dev >> 8n) & 0xfffn}:${(dev & 0xffn) | ((dev >> 12n) & ~0xffn)}`;
  return { start: 0x1000, end: 0x2000, fileOffset: 0, path, device, inode: ino };
}

async function withFile(
  text: string,
  body: (path: string, objects: ObjectFiles) => Promise<void>,
): Promise<void> {
  using objects = new ObjectFiles(clock);
  const path = freshPath();
  writeFileSync(path, text);
  await later();
  await body(path, objects);
}

describe('an object is what its file held when it was mapped', () => {
  test('one for all mappings of the same content', () =>
    withFile('one', async (path, objects) => {
      const first = objects.of(process.pid, mappingOf(path), now());
      expect(first.fd).toBeNumber();
      await later();
      expect(objects.of(process.pid, mappingOf(path), now())).toBe(first);
      expect(objects.of(process.pid, mappingOf(path))).toBe(first);
      expect(holdsItsContent(first)).toBe(true);
    }));

  test('another one for what was mapped after a write', () =>
    withFile('one', async (path, objects) => {
      const first = objects.of(process.pid, mappingOf(path), now());
      writeFileSync(path, 'two');
      await muchLater();
      const second = objects.of(process.pid, mappingOf(path), now());
      expect(second.key).not.toBe(first.key);
      expect(second.missing).toBeUndefined();
      expect([holdsItsContent(first), holdsItsContent(second)]).toEqual([false, true]);
    }));

  test('mapped again and again it is looked at a few times a second, and a write in between has no names', () =>
    withFile('one', async (path, objects) => {
      const mapping = mappingOf(path);
      const first = objects.of(process.pid, mapping, now());
      writeFileSync(path, 'two');
      await later();
      const soon = objects.of(process.pid, mapping, now());
      expect(holdsItsContent(soon)).toBe(false);
      await muchLater();
      const second = objects.of(process.pid, mapping, now());
      expect(second).not.toBe(first);
      expect(holdsItsContent(second)).toBe(true);
    }));

  test('none when it can no longer be asked, as of a FUSE mount whose server is gone', () =>
    withFile('one', async (path, objects) => {
      const first = objects.of(process.pid, mappingOf(path), now());
      closeSync(first.fd as number);
      await muchLater();
      expect(objects.of(process.pid, mappingOf(path), now()).missing).toBe('gone');
      expect(holdsItsContent(first)).toBe(false);
      // The number is closed with the objects, so something must have it; lower ones are free as well.
      let taken = -1;
      while (taken < (first.fd as number)) taken = openSync('/dev/null', 'r');
      expect(taken).toBe(first.fd as number);
    }));

  test('none when it was written to before anybody looked', () =>
    withFile('one', async (path, objects) => {
      const mapped = now();
      await later();
      writeFileSync(path, 'two');
      await later();
      const object = objects.of(process.pid, mappingOf(path), mapped);
      expect(object.missing).toBe('changed');
      expect(holdsItsContent(object)).toBe(false);
      // Known now; and mapped again after the write it is whole.
      expect(objects.of(process.pid, mappingOf(path), mapped).key).toBe(object.key);
      expect(objects.of(process.pid, mappingOf(path), now()).missing).toBeUndefined();
    }));

  test('the same when it is renamed, given other rights and deleted', () =>
    withFile('one', async (path, objects) => {
      const mapping = mappingOf(path);
      const object = objects.of(process.pid, mapping, now());
      await later();
      chmodSync(path, 0o700);
      renameSync(path, `${path}.old`);
      expect(holdsItsContent(object)).toBe(true);
      rmSync(`${path}.old`);
      expect(holdsItsContent(object)).toBe(true);
      expect(objects.of(process.pid, mapping, now())).toBe(object);
    }));

  test('another when a write hides behind the old size and time', () =>
    withFile('one', async (path, objects) => {
      utimesSync(path, 1000, 1000);
      const object = objects.of(process.pid, mappingOf(path), now());
      await later();
      writeFileSync(path, 'two');
      utimesSync(path, 1000, 1000);
      expect(holdsItsContent(object)).toBe(false);
    }));

  test('a time of modification in the future does not matter', () =>
    withFile('one', async (path, objects) => {
      utimesSync(path, 4e9, 4e9);
      await later();
      expect(objects.of(process.pid, mappingOf(path), now()).missing).toBeUndefined();
    }));
});

describe('what is no regular file is not even opened', () => {
  const expectGone = (path: string) => {
    using objects = new ObjectFiles(clock);
    const { fd, missing } = objects.of(process.pid, mappingOf(path), now());
    expect({ fd, missing }).toEqual({ fd: undefined, missing: 'gone' });
  };

  test('a FIFO, whose writer would go on', async () => {
    const path = freshPath();
    expect(Bun.spawnSync(['mkfifo', path]).exitCode).toBe(0);
    const writer = Bun.spawn(['sh', '-c', 'exec > "$1"', 'sh', path]);
    await Bun.sleep(100);
    expectGone(path);
    await Bun.sleep(100);
    expect(writer.exitCode).toBeNull();
    // What an open does.
    closeSync(openSync(path, constants.O_RDONLY | constants.O_NONBLOCK));
    await writer.exited;
  });

  test('a device that a link leads to: a terminal, whose other end would be told', () => {
    const { symbols } = dlopen('libc.so.6', {
      ioctl: { args: ['i32', 'u64', 'ptr'], returns: 'i32' },
    });
    const terminal = openSync(
      '/dev/ptmx',
      constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK,
    );
    const number = new Int32Array(1);
    expect(symbols.ioctl(terminal, TIOCSPTLCK, new Int32Array(1))).toBe(0);
    expect(symbols.ioctl(terminal, TIOCGPTN, number)).toBe(0);
    const path = freshPath();
    symlinkSync(`/dev/pts/${number[0]}`, path);
    const read = () => readSync(terminal, new Uint8Array(1));
    expectGone(path);
    expect(read).toThrow('EAGAIN');
    // What an open does.
    closeSync(openSync(path, constants.O_RDONLY | constants.O_NOCTTY));
    expect(read).toThrow('EIO');
    closeSync(terminal);
  });

  test('a regular file that a link leads to is', () =>
    withFile('one', async (path, objects) => {
      const link = freshPath();
      symlinkSync(path, link);
      const object = objects.of(process.pid, mappingOf(link), now());
      expect(readFileSync(object.fd as number, 'utf8')).toBe('one');
    }));
});

describe('another file is not taken for it', () => {
  test('one with its number that came into being later', async () => {
    using objects = new ObjectFiles(clock);
    const path = freshPath();
    const mapped = now();
    await later();
    writeFileSync(path, 'one');
    // A copy that keeps its times: only its birth tells.
    utimesSync(path, 1000, 1000);
    if (statSync(path, { bigint: true }).birthtimeNs === 0n) return;
    const object = objects.of(process.pid, mappingOf(path), mapped);
    expect({ fd: object.fd, missing: object.missing }).toEqual({ fd: undefined, missing: 'gone' });
  });

  test('one with its path and another number, or on another device', () =>
    withFile('one', async (path, objects) => {
      const mapping = mappingOf(path);
      const number = objects.of(process.pid, { ...mapping, inode: mapping.inode + 1n }, now());
      const device = objects.of(process.pid, { ...mapping, device: '0:9999' }, now());
      expect([number.missing, device.missing]).toEqual(['gone', 'gone']);
    }));

  test('what was gone is looked for again when it is mapped again', () =>
    withFile('one', async (path, objects) => {
      const mapping = mappingOf(path);
      renameSync(path, `${path}.away`);
      const gone = objects.of(process.pid, mapping, now());
      expect(gone.missing).toBe('gone');
      renameSync(`${path}.away`, path);
      const found = objects.of(process.pid, mapping, now());
      expect(found.missing).toBeUndefined();
      expect(found.key).not.toBe(gone.key);
    }));
});

test('memory that code is generated into, and programs in memory', () => {
  using objects = new ObjectFiles(clock);
  const of = (path: string) => isGenerated(objects.of(0, { ...mappingOf('/proc/self/exe'), path }));
  expect(['//anon', '[anon:v8]', '', '/dev/zero', '/memfd:doublemapper'].map(of)).not.toContain(
    false,
  );
  expect(['[vdso]', '/usr/bin/true'].map(of)).toEqual([false, false]);
  const program = freshPath();
  copyFileSync('/proc/self/exe', program);
  const mapping = mappingOf(program);
  const elf = objects.of(process.pid, mapping);
  expect(isGenerated({ ...elf, path: '/memfd:program' })).toBe(false);
});

// Only the kernel's own link leads to such memory, and only root may follow it.
test.skipIf(process.getuid?.() !== 0)(
  'a descriptor does not keep memory that code is generated into (needs root)',
  () => {
    using objects = new ObjectFiles(clock);
    const path = freshPath();
    writeFileSync(path, 'no ELF file');
    const mapped = Bun.mmap(path);
    const line = readFileSync('/proc/self/maps', 'utf8')
      .split('\n')
      .find((text) => text.endsWith(path));
    const [start = 0, end = 0] = (line ?? '')
      .split(/[- ]/, 2)
      .map((text) => Number.parseInt(text, 16));
    const mapping = { ...mappingOf(path), start, end };
    const memory = objects.of(process.pid, { ...mapping, path: '/memfd:doublemapper' });
    expect(memory).toMatchObject({ fd: undefined, missing: undefined });
    expect(isGenerated(memory)).toBe(true);
    expect(objects.of(process.pid, { ...mapping, path: '/any/other' }).fd).toBeNumber();
    expect(mapped.length).toBeGreaterThan(0);
  },
);

test('beyond so many a file is not held open: it is found again, and known by its headers once it is gone', () => {
  // Room for one.
  const procfs = new MemoryProcfs();
  procfs.spawn(process.pid, { limits: { 'Max open files': { soft: 325, hard: 325 } } });
  using objects = new ObjectFiles(clock, procfs);
  const [held, kept, deleted] = [freshPath(), freshPath(), freshPath()].map((path) => {
    copyFileSync('/bin/true', path);
    return mappingOf(path);
  }) as [Mapping, Mapping, Mapping];
  const open = (mapping: Mapping) => objects.of(process.pid, mapping);
  expect(open(held).fd).toBeNumber();
  const before = readdirSync('/proc/self/fd').length;
  for (const mapping of [kept, deleted])
    expect(open(mapping)).toMatchObject({ fd: undefined, missing: 'limit', path: mapping.path });
  expect(readdirSync('/proc/self/fd')).toHaveLength(before);
  expect(objects).toMatchObject({ open: 1, notHeld: 2 });
  expect(objects.reopen(open(held))).toBeUndefined();

  const fd = objects.reopen(open(kept)) as number;
  expect(fstatSync(fd, { bigint: true }).ino).toBe(kept.inode);
  closeSync(fd);
  unlinkSync(deleted.path);
  expect(objects.reopen(open(deleted))).toBeUndefined();
  using image = ElfImage.open('/bin/true');
  const { fileOffset = 0, vaddr = 0 } = image.loads.find(({ executable }) => executable) ?? {};
  const entry = image.entry - vaddr + fileOffset;
  expect(objects.placeOf(open(deleted), entry)).toMatchObject({
    address: BigInt(image.entry),
    mapping: { buildId: image.buildId },
  });

  writeFileSync(kept.path, 'another');
  expect(objects.reopen(open(kept))).toBeUndefined();
});

test('of a file that is written again and again while it is mapped, only what is used is kept', async () => {
  using objects = new ObjectFiles(clock);
  const path = freshPath();
  writeFileSync(path, '0');
  await later();
  const first = objects.of(process.pid, mappingOf(path), now());
  for (let n = 1; n < 5; n++) {
    writeFileSync(path, `${n}`);
    await later();
    objects.of(process.pid, mappingOf(path), now());
  }
  const asked: unknown[] = [];
  const isUsed = (object: unknown) => {
    asked.push(object);
    return object === first;
  };
  for (let sweep = 0; sweep < 2; sweep++) {
    asked.length = 0;
    objects.forget(isUsed, () => false);
  }
  expect(new Set(asked).size).toBe(1);
  expect(first.fd).toBeNumber();
});
