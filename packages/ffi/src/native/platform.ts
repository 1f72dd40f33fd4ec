/** The platforms that waggle's own library is built for, and which of them this is. */

import { basename } from 'node:path';
import { libcPath } from './libc-path.ts';

/** Operating system and architecture by Node's names; glibc's unless it says musl. */
export const PLATFORMS = [
  'linux-x64',
  'linux-arm64',
  'linux-x64-musl',
  'linux-arm64-musl',
] as const;

/** By the C library that this process runs with. A name that is none of PLATFORMS where there is no library. */
export function ownPlatform(): string {
  const isMusl = /musl|^libc\.so$/.test(basename(libcPath()));
  return `${process.platform}-${process.arch}${isMusl ? '-musl' : ''}`;
}
