/**
 * fstat(2) with times as exact as the kernel's, by statx(2) where the C library is open: Deno's node:fs gives
 * the time of the last change in whole seconds and that of the last write in milliseconds, and fstat(2) of a
 * file whose server is a process or another host may wait for that for ever. statx(2) can be told to go by
 * what the kernel knows.
 */

import { type BigIntStats, fstatSync } from 'node:fs';
import { SystemError } from '../errors/system-error.ts';
import type { NativeBackend } from './backend.ts';
import { denoBackend } from './deno.ts';
import { libcPath } from './libc-path.ts';

/** What tells one state of a file from another; times in nanoseconds since the Unix epoch. */
export type FileStatus = Pick<
  BigIntStats,
  'dev' | 'ino' | 'uid' | 'size' | 'ctimeNs' | 'mtimeNs' | 'birthtimeNs'
> & { isFile(): boolean };

type Statx = (fd: number) => FileStatus;

let statx: Statx | undefined;

/**
 * Of an open descriptor. No file system is asked in a thread whose native libraries are open.
 * @throws NodeJS.ErrnoException
 */
export function fileStatus(fd: number): FileStatus {
  if (statx !== undefined) return statx(fd);
  const { Deno } = globalThis as { Deno?: Parameters<typeof denoBackend>[0] };
  if (Deno === undefined) return fstatSync(fd, { bigint: true });
  statx = statxOf(denoBackend(Deno));
  return statx(fd);
}

/** From now on, in this thread. */
export function statFilesBy(backend: NativeBackend): void {
  statx ??= statxOf(backend);
}

/** include/uapi/linux/stat.h and fcntl.h */
const AT_EMPTY_PATH = 0x1000;
const AT_STATX_DONT_SYNC = 0x4000;
const STATX_BASIC_STATS = 0x7ff;
const STATX_BTIME = 0x800;
const STATX_BYTES = 256;
const AT = {
  uid: 20,
  mode: 28,
  ino: 32,
  size: 40,
  btime: 80,
  ctime: 96,
  mtime: 112,
  major: 136,
  minor: 140,
};
const S_IFMT = 0o170000;
const S_IFREG = 0o100000;

function statxOf(backend: NativeBackend): Statx {
  const libc = backend.open(libcPath(), {
    statx: { parameters: ['i32', 'buffer', 'i32', 'u32', 'buffer'], result: 'i32' },
    __errno_location: { parameters: [], result: 'pointer' },
  });
  const noPath = new Uint8Array(1);
  const bytes = new Uint8Array(STATX_BYTES);
  const view = new DataView(bytes.buffer);
  const errno = new Int32Array(backend.memory(libc.__errno_location(), 4));
  const timeAt = (at: number) =>
    view.getBigInt64(at, true) * 1_000_000_000n + BigInt(view.getUint32(at + 8, true));
  return (fd) => {
    const mask = STATX_BASIC_STATS | STATX_BTIME;
    if (libc.statx(fd, noPath, AT_EMPTY_PATH | AT_STATX_DONT_SYNC, mask, bytes) !== 0)
      throw new SystemError('statx', errno[0] ?? 0);
    const isRegular = (view.getUint16(AT.mode, true) & S_IFMT) === S_IFREG;
    return {
      dev: deviceNumber(view.getUint32(AT.major, true), view.getUint32(AT.minor, true)),
      ino: view.getBigUint64(AT.ino, true),
      size: view.getBigUint64(AT.size, true),
      ctimeNs: timeAt(AT.ctime),
      mtimeNs: timeAt(AT.mtime),
      // Zero where the file system does not say.
      birthtimeNs: timeAt(AT.btime),
      uid: BigInt(view.getUint32(AT.uid, true)),
      isFile: () => isRegular,
    };
  };
}

/** As glibc packs it: makedev(3), sys/sysmacros.h. */
function deviceNumber(major: number, minor: number): bigint {
  const [high, low] = [BigInt(major), BigInt(minor)];
  return (
    (low & 0xffn) | ((high & 0xfffn) << 8n) | ((low & ~0xffn) << 12n) | ((high & ~0xfffn) << 32n)
  );
}
