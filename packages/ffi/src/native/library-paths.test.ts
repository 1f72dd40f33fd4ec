import { describe, expect, test } from 'bun:test';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathsInLdCache } from './ld-cache.ts';
import { libcPath, libraryPaths, whyNotTrusted } from './library-paths.ts';

test('the C library is the one of this process, by an absolute path', () => {
  expect(libcPath()).toMatch(/^\/.*(libc|ld-musl)/);
});

test('a library is found where the linker finds it', () => {
  const { stdout } = Bun.spawnSync(['ldconfig', '-p'], {
    env: { PATH: '/usr/sbin:/sbin:/usr/bin:/bin' },
  });
  const listed = [
    ...stdout.toString().matchAll(/^\t(\S+) \(libc6,(?:x86-64|AArch64).*=> (\S+)$/gm),
  ];
  expect(listed.length).toBeGreaterThan(10);
  for (const [, soname = '', path = ''] of listed) {
    expect(pathsInLdCache(soname)).toContain(path);
    expect(libraryPaths(soname).paths).toContain(realpathSync(path));
  }
});

describe('a cache that is no cache', () => {
  const folder = mkdtempSync(join(tmpdir(), 'waggle-ld-'));
  const whole = Buffer.concat([Buffer.from('glibc-ld.so.cache1.1'), Buffer.alloc(28)]);
  whole.writeUInt32LE(0xffff_ffff, 20);
  for (const [name, bytes] of [
    ['empty', Buffer.alloc(0)],
    ['text', Buffer.from('libbpf.so.1 => /tmp/evil.so')],
    ['cut', whole.subarray(0, 30)],
    ['of more entries than it has', Buffer.concat([whole, Buffer.alloc(100, 3)])],
  ] as const)
    test(name, () => {
      writeFileSync(join(folder, 'cache'), bytes);
      expect(pathsInLdCache('libbpf.so.1', join(folder, 'cache'))).toEqual([]);
    });
  test('that is missing', () => {
    expect(pathsInLdCache('libbpf.so.1', join(folder, 'none'))).toEqual([]);
    rmSync(folder, { recursive: true });
  });
});

test.skipIf(process.getuid?.() !== 0)('who else may have put a file there', () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'waggle-ld-')));
  const inner = join(folder, 'inner');
  const file = join(inner, 'lib.so');
  mkdirSync(inner);
  writeFileSync(file, '');
  // The folder of temporary files is anybody's, but sticky.
  expect(whyNotTrusted(file)).toBeUndefined();
  chmodSync(inner, 0o777);
  expect(whyNotTrusted(file)).toBe(`others may write to ${inner}`);
  chmodSync(inner, 0o1777);
  expect(whyNotTrusted(file)).toBeUndefined();
  chownSync(inner, 65_534, 65_534);
  expect(whyNotTrusted(file)).toBe(`${inner} belongs to user 65534`);
  chownSync(inner, 0, 0);
  chmodSync(file, 0o664);
  expect(whyNotTrusted(file)).toBe(`others may write to ${file}`);
  rmSync(folder, { recursive: true });
});
