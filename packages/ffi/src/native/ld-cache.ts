/**
 * Where the dynamic linker would find a library: /etc/ld.so.cache, which ldconfig(8) makes of
 * /etc/ld.so.conf. Format: struct cache_file_new and struct file_entry_new of glibc's
 * sysdeps/generic/dl-cache.h (magic "glibc-ld.so.cache1.1"); an older format may stand before it.
 */

import { readFileSync } from 'node:fs';

const MAGIC = 'glibc-ld.so.cache1.1';
const HEADER_BYTES = 48;
const ENTRY_BYTES = 24;
/** FLAG_REQUIRED_MASK and the values for 64-bit libraries: FLAG_X8664_LIB64, FLAG_AARCH64_LIB64. */
const ARCHITECTURE_MASK = 0xff00;
const ARCHITECTURE: Readonly<Record<string, number>> = { x64: 0x0300, arm64: 0x0a00 };
const MAX_ENTRIES = 1_000_000;

/** Absolute paths of a library by its soname, best first. Empty where there is no such cache. */
export function pathsInLdCache(soname: string, cache = '/etc/ld.so.cache'): string[] {
  let bytes: Buffer;
  try {
    bytes = readFileSync(cache);
  } catch {
    return [];
  }
  return entriesOf(bytes, soname);
}

function entriesOf(bytes: Buffer, soname: string): string[] {
  // Offsets of strings count from the magic.
  const start = bytes.indexOf(MAGIC, 0, 'latin1');
  if (start < 0 || bytes.length < start + HEADER_BYTES) return [];
  const cache = bytes.subarray(start);
  const count = Math.min(cache.readUInt32LE(MAGIC.length), MAX_ENTRIES);
  const paths: string[] = [];
  for (let index = 0; index < count; index++) {
    const at = HEADER_BYTES + index * ENTRY_BYTES;
    if (at + ENTRY_BYTES > cache.length) break;
    if ((cache.readInt32LE(at) & ARCHITECTURE_MASK) !== ARCHITECTURE[process.arch]) continue;
    if (stringAt(cache, cache.readUInt32LE(at + 4)) !== soname) continue;
    paths.push(stringAt(cache, cache.readUInt32LE(at + 8)));
  }
  return paths.filter((path) => path.startsWith('/'));
}

function stringAt(bytes: Buffer, at: number): string {
  const end = bytes.indexOf(0, at);
  return end < 0 ? '' : bytes.toString('utf8', at, end);
}
