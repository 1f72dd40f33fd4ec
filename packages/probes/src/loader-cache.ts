/**
 * Which file the dynamic loader takes for a library's name, by its cache. Layout: glibc's
 * sysdeps/generic/dl-cache.h, `struct cache_file_new`; older caches have the new one behind the old.
 */

const MAGIC = 'glibc-ld.so.cache1.1';
const HEADER_BYTES = 48;
const ENTRY_BYTES = 24;
/** FLAG_ELF_LIBC6 with the bits of the machine: FLAG_X8664_LIB64, FLAG_AARCH64_LIB64. */
const FLAGS: Readonly<Record<string, number>> = { x64: 0x0303, arm64: 0x0a03 };
const MAX_ENTRIES = 65_536;
const MAX_NAME = 4096;

/** Paths by name, of this machine's architecture; nothing for bytes that are no such cache. */
export function parseLoaderCache(bytes: Uint8Array): ReadonlyMap<string, string> {
  const libraries = new Map<string, string>();
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = file.indexOf(MAGIC, 0, 'latin1');
  if (start < 0 || start + HEADER_BYTES > file.length) return libraries;
  const count = Math.min(file.readUInt32LE(start + MAGIC.length), MAX_ENTRIES);
  const wanted = FLAGS[process.arch];
  for (let entry = 0; entry < count; entry++) {
    const at = start + HEADER_BYTES + entry * ENTRY_BYTES;
    if (at + ENTRY_BYTES > file.length) break;
    // Those for newer CPUs (hwcaps) stand beside one for all.
    if (file.readInt32LE(at) !== wanted || file.readBigUInt64LE(at + 16) !== 0n) continue;
    const name = textAt(file, start + file.readUInt32LE(at + 4));
    const path = textAt(file, start + file.readUInt32LE(at + 8));
    if (name !== '' && path.startsWith('/') && !libraries.has(name)) libraries.set(name, path);
  }
  return libraries;
}

function textAt(file: Buffer, at: number): string {
  const end = file.indexOf(0, at);
  return at >= file.length || end < 0 || end - at > MAX_NAME ? '' : file.toString('utf8', at, end);
}
