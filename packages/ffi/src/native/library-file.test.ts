import { afterAll, describe, expect, test } from 'bun:test';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bunBackend } from './bun.ts';
import { libcPath } from './libc-path.ts';
import { installedFile, libraryFile, whyNotOurs } from './library-file.ts';
import { ownPlatform, PLATFORMS } from './platform.ts';
import { BOUND_SQLITE, LIBBPF, WAGGLE } from './symbols.ts';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'waggle-library-')));
afterAll(() => rmSync(folder, { recursive: true }));

const library = await libraryFile(bunBackend);
const printed = (...command: string[]) => Bun.spawnSync(command).stdout.toString();

test('the C library is the one of this process, by an absolute path', () => {
  expect(libcPath()).toMatch(/^\/.*(libc|ld-musl)/);
});

test('the library is beside our own code', () => {
  expect([...PLATFORMS]).toContain(ownPlatform() as (typeof PLATFORMS)[number]);
  expect(library).toBe(join(import.meta.dir, '../..', 'prebuilt', ownPlatform(), 'libwaggle.so'));
});

test('it needs the C library only', () => {
  const needed = [...printed('readelf', '-d', library).matchAll(/\(NEEDED\).*\[(.*)\]/g)];
  // Before glibc 2.34, threads were in a file of their own.
  const libc = /^(libc\.so(\.6)?|libpthread\.so\.0|ld-linux.*\.so\.\d|libc\.musl-.*)$/;
  expect(needed.length).toBeGreaterThan(0);
  for (const [, name] of needed) expect(name).toMatch(libc);
});

const ours = [...Object.keys(WAGGLE), BOUND_SQLITE];

test('it shows what is bound and nothing else', () => {
  const shown = printed('nm', '-D', '--defined-only', '--format=just-symbols', library)
    .trim()
    .split('\n');
  expect(shown.sort()).toEqual([...Object.keys(LIBBPF), ...ours].sort());
});

test('nothing of libbpf, libelf or zlib is opened from elsewhere', () => {
  bunBackend.open(library, LIBBPF);
  const mapped = readFileSync('/proc/self/maps', 'utf8');
  expect(mapped).toContain(library);
  expect(mapped).not.toMatch(/\/lib(bpf|elf|z)[.-][^/]*so/);
});

test('it can be loaded from memory, where a bundler left the file behind', async () => {
  const { libraries } = await import('../generated/embedded-libraries.ts');
  const text = (await libraries[ownPlatform()]?.()) ?? '';
  const bytes = Bun.gunzipSync(Buffer.from(text, 'base64'));
  expect(Buffer.from(bytes).equals(readFileSync(library))).toBe(true);
});

test('the library for the system’s libbpf has our own functions, and asks for libbpf by name', async () => {
  const system = await libraryFile(bunBackend, 'system');
  expect(system).toEndWith('/libwaggle-system.so');
  expect(printed('readelf', '-d', system)).toMatch(/\(NEEDED\).*\[libbpf\.so\.1\]/);
  const shown = printed('nm', '-D', '--defined-only', '--format=just-symbols', system);
  expect(shown.trim().split('\n').sort()).toEqual(ours.sort());
  expect(libraryFile(bunBackend, 'mine')).rejects.toThrow(
    'WAGGLE_LIBBPF is neither own nor system',
  );
});

test('an installed package is found above the code, and nowhere for one executable', () => {
  const installed = join(folder, 'node_modules/@waggle/native-linux-x64');
  mkdirSync(installed, { recursive: true });
  const file = join(installed, 'libwaggle.so');
  writeFileSync(file, '');
  const found = (code: string) => installedFile('@waggle/native-linux-x64', 'libwaggle.so', code);
  expect(found(join(folder, 'node_modules/@waggle/ffi/dist/index.js'))).toBe(file);
  expect(found(join(folder, 'agent.js'))).toBe(file);
  expect(found('/elsewhere/agent.js')).toBeUndefined();
  expect(found('/$bunfs/root/waggle')).toBeUndefined();
});

describe.skipIf(process.getuid?.() !== 0)('who else may have put a file there', () => {
  const code = join(folder, 'agent.js');
  const platform = join(folder, 'prebuilt', 'linux-x64');
  const file = join(platform, 'libwaggle.so');
  const other = 65_534;

  test('is asked of the file and its folders', () => {
    writeFileSync(code, '');
    expect(whyNotOurs(file, code)).toBe(`there is no ${file}`);
    mkdirSync(platform, { recursive: true });
    writeFileSync(file, '');
    expect(whyNotOurs(file, code)).toBeUndefined();
    for (const path of [file, platform, join(folder, 'prebuilt')]) {
      chownSync(path, other, other);
      expect(whyNotOurs(file, code)).toBe(`${path} belongs to user ${other}`);
      chownSync(path, 0, 0);
      chmodSync(path, 0o777);
      expect(whyNotOurs(file, code)).toBe(`everybody may write to ${path}`);
      chmodSync(path, 0o755);
    }
  });

  test('but whoever owns our code may', () => {
    for (const path of [code, file, platform, join(folder, 'prebuilt')])
      chownSync(path, other, other);
    expect(whyNotOurs(file, code)).toBeUndefined();
    for (const path of [file, platform, join(folder, 'prebuilt')]) chownSync(path, 0, 0);
  });

  test('and a link of somebody else is his', () => {
    chownSync(code, 0, 0);
    rmSync(file);
    symlinkSync('/bin/true', file);
    expect(whyNotOurs(file, code)).toBe(`everybody may write to ${file}`);
  });
});
