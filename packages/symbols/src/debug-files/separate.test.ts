import { afterAll, describe, expect, test } from 'bun:test';
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { Workshop } from '../../test/compile.ts';
import { ElfError, ElfImage } from '../elf/index.ts';
import { SymbolTable } from '../symbol-table.ts';
import { openUnderRoot } from './chroot-path.ts';
import { readDebugdata } from './debugdata.ts';
import { readDebugLink } from './debuglink.ts';
import { findDebugFile } from './separate.ts';

const workshop = new Workshop();
afterAll(() => workshop[Symbol.dispose]());
const openDescriptors = () => readdirSync('/proc/self/fd').length;

const whole = workshop.path('debug');
const expected = ElfImage.open(whole);
const id = expected.buildId as string;
const wholeTable = SymbolTable.fromElf(expected);
const local = workshop.nm(whole).find((symbol) => symbol.name === 'local_work');
const localAddress = local?.address as number;
const debug = join(workshop.directory, 'split.debug');
workshop.run('objcopy', '--only-keep-debug', whole, debug);

/** A root directory like a container's, with the stripped program at /usr/bin/program. */
function makeRoot(name: string, strip: string[] = []): { root: string; program: string } {
  const root = join(workshop.directory, name);
  const program = join(root, 'usr/bin/program');
  mkdirSync(dirname(program), { recursive: true });
  workshop.run('strip', ...strip, '-o', program, whole);
  return { root, program };
}

function place(root: string, path: string, from = debug): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  copyFileSync(from, join(root, path));
}

function found(program: string, root: string, path?: string) {
  using elf = ElfImage.open(program);
  const file = findDebugFile(elf, path === undefined ? { root } : { root, path });
  if (file === undefined) return undefined;
  try {
    const name = SymbolTable.fromElf(file.image).lookup(localAddress)?.name;
    return { path: file.path, foundBy: file.foundBy, name };
  } finally {
    file.close();
  }
}

test('by build-id, below the root', () => {
  const { root, program } = makeRoot('by-id');
  const path = `/usr/lib/debug/.build-id/${id.slice(0, 2)}/${id.slice(2)}.debug`;
  using stripped = ElfImage.open(program);
  expect(SymbolTable.fromElf(stripped).lookup(localAddress)?.name).toBeUndefined();
  expect(found(program, root)).toBeUndefined();
  place(root, path);
  const before = openDescriptors();
  expect(found(program, root)).toEqual({ path, foundBy: 'build-id', name: 'local_work' });
  expect(openDescriptors()).toBeLessThanOrEqual(before);
  using elf = ElfImage.open(program);
  expect(findDebugFile(elf, { root, debugRoots: ['/elsewhere'] })).toBeUndefined();
});

describe('by debuglink', () => {
  const { root, program } = makeRoot('by-link');
  workshop.run('objcopy', `--add-gnu-debuglink=${debug}`, program);

  test('the link is read', () => {
    using elf = ElfImage.open(program);
    expect(readDebugLink(elf)).toEqual({
      name: 'split.debug',
      crc: Bun.hash.crc32(readFileSync(debug)),
    });
    using without = ElfImage.open(whole);
    expect(readDebugLink(without)).toBeUndefined();
  });

  test.each([
    ['/usr/bin/split.debug'],
    ['/usr/bin/.debug/split.debug'],
    ['/usr/lib/debug/usr/bin/split.debug'],
  ])('%s', (path) => {
    expect(found(program, root, '/usr/bin/program')).toBeUndefined();
    place(root, path);
    expect(found(program, root, '/usr/bin/program')).toEqual({
      path,
      foundBy: 'debuglink',
      name: 'local_work',
    });
    // Without knowing where the object stands there is no beside it.
    expect(found(program, root)).toBeUndefined();
    // One bit of difference, and it is not the file that was linked.
    const bytes = readFileSync(debug);
    bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1;
    writeFileSync(join(root, path), bytes);
    expect(found(program, root, '/usr/bin/program')).toBeUndefined();
    rmSync(join(root, path));
  });

  test('a file of another build is not taken, though it has the right place and CRC', () => {
    const other = join(workshop.directory, 'other.debug');
    workshop.run('objcopy', '--only-keep-debug', workshop.path('pie'), other);
    const wrong = join(workshop.directory, 'wrong', 'split.debug');
    mkdirSync(dirname(wrong));
    copyFileSync(other, wrong);
    const { root, program } = makeRoot('wrong-build');
    workshop.run('objcopy', `--add-gnu-debuglink=${wrong}`, program);
    place(root, '/usr/bin/split.debug', other);
    expect(found(program, root, '/usr/bin/program')).toBeUndefined();
    place(root, `/usr/lib/debug/.build-id/${id.slice(0, 2)}/${id.slice(2)}.debug`, other);
    expect(found(program, root, '/usr/bin/program')).toBeUndefined();
  });

  test('without build-ids the CRC alone decides', () => {
    const { root, program } = makeRoot('no-id', ['--remove-section=.note.gnu.build-id']);
    const bare = join(workshop.directory, 'bare.debug');
    workshop.run('objcopy', '--remove-section=.note.gnu.build-id', debug, bare);
    workshop.run('objcopy', `--add-gnu-debuglink=${bare}`, program);
    place(root, '/usr/bin/bare.debug', bare);
    using elf = ElfImage.open(program);
    expect(elf.buildId).toBeUndefined();
    expect(found(program, root, '/usr/bin/program')?.name).toBe('local_work');
  });
});

test('damaged and odd files in the right place are passed over', () => {
  const { root, program } = makeRoot('odd');
  const path = `/usr/lib/debug/.build-id/${id.slice(0, 2)}/${id.slice(2)}.debug`;
  const at = join(root, path);
  place(root, path);
  const good = readFileSync(at);
  for (const bytes of [good.subarray(0, 0), good.subarray(0, 100), Buffer.from('text')]) {
    writeFileSync(at, bytes);
    expect(found(program, root)).toBeUndefined();
  }
  rmSync(at);
  mkdirSync(at);
  expect(found(program, root)).toBeUndefined();
  rmSync(at, { recursive: true });
  expect(Bun.spawnSync(['mkfifo', at]).exitCode).toBe(0);
  expect(found(program, root)).toBeUndefined();
});

describe('a root cannot be left', () => {
  const root = join(workshop.directory, 'jail');
  const outside = join(workshop.directory, 'outside');
  mkdirSync(join(root, 'dir/deep'), { recursive: true });
  writeFileSync(outside, 'outside');
  writeFileSync(join(root, 'inside'), 'inside');
  writeFileSync(join(root, 'dir/file'), 'file');
  const content = (path: string, followLast = true) => {
    const fd = openUnderRoot(root, path, { followLast });
    if (fd === undefined) return undefined;
    const text = readFileSync(fd, 'utf8');
    closeSync(fd);
    return text;
  };

  test('plain paths', () => {
    expect(content('/inside')).toBe('inside');
    expect(content('inside')).toBe('inside');
    expect(content('//dir/./file')).toBe('file');
    expect(content('/dir/deep/../file')).toBe('file');
    expect(content('/dir')).toBeUndefined();
    expect(content('/dir/absent')).toBeUndefined();
    expect(content('/inside/file')).toBeUndefined();
    expect(content('')).toBeUndefined();
  });

  test('..', () => {
    expect(content('/../outside')).toBeUndefined();
    expect(content('/dir/../../../../inside')).toBe('inside');
  });

  test('symbolic links lead inside', () => {
    symlinkSync('/inside', join(root, 'absolute'));
    symlinkSync('../../../../inside', join(root, 'dir/upwards'));
    symlinkSync('/dir/deep', join(root, 'directory'));
    symlinkSync(outside, join(root, 'escape'));
    symlinkSync('loop', join(root, 'loop'));
    symlinkSync('/proc/self/root', join(root, 'magic'));
    expect(content('/absolute')).toBe('inside');
    expect(content('/absolute', false)).toBeUndefined();
    expect(content('/dir/upwards')).toBe('inside');
    expect(content('/directory/../file')).toBe('file');
    expect(content('/escape')).toBeUndefined();
    expect(content('/loop')).toBeUndefined();
    expect(content('/magic/etc/passwd')).toBeUndefined();
  });

  test('no descriptor is left open', () => {
    const before = openDescriptors();
    for (let i = 0; i < 50; i++) {
      content('/directory/../file');
      content('/loop');
      content('/dir/absent');
      content('/escape');
    }
    expect(openDescriptors()).toBeLessThanOrEqual(before);
  });
});

const hasXz = Bun.which('xz') !== null;
if (!hasXz) console.warn('SKIPPED: xz is not installed, no mini-debuginfo can be made');

describe.skipIf(!hasXz)('mini-debuginfo', () => {
  // As find-debuginfo makes it: a file with nothing but the symbols, compressed, as a section.
  const mini = join(workshop.directory, 'mini');
  const program = join(workshop.directory, 'with-mini');
  if (hasXz) {
    workshop.run('objcopy', '--strip-debug', debug, mini);
    workshop.run('xz', '-k', '-f', mini);
    workshop.run('strip', '-o', program, whole);
    workshop.run('objcopy', '--add-section', `.gnu_debugdata=${mini}.xz`, program);
  }

  test('has the names that the stripped program lacks', () => {
    using elf = ElfImage.open(program);
    const embedded = readDebugdata(elf);
    if (embedded === undefined) throw new Error('no .gnu_debugdata');
    const table = SymbolTable.fromElf(embedded);
    for (const { address, type, size } of workshop.nm(whole)) {
      if ((type !== 'T' && type !== 't') || size === 0) continue;
      expect(table.lookup(address)).toEqual(wholeTable.lookup(address));
    }
    expect(table.lookup(localAddress)?.name).toBe('local_work');
  });

  test('absent, beyond the limit, damaged', () => {
    expect(readDebugdata(expected)).toBeUndefined();
    using elf = ElfImage.open(program);
    expect(() => readDebugdata(elf, 1000)).toThrow(ElfError);
    const bytes = new Uint8Array(readFileSync(program));
    const section = elf.section('.gnu_debugdata');
    if (section === undefined) throw new Error('no .gnu_debugdata');
    const middle = section.offset + (section.size >> 1);
    bytes[middle] = (bytes[middle] as number) ^ 0x55;
    expect(() => readDebugdata(ElfImage.parse(bytes))).toThrow(ElfError);
  });
});
