/** What stands for a function's name when nobody knows it: where it is, in brackets. */

import type { ProfileMapping } from './profile.ts';

/** @param object Path of the file, whose last part is shown. @param offset Of the code in that file. */
export function unnamed(object: string | undefined, offset: bigint | number): string {
  const name = object === undefined || object === '' ? 'unknown' : baseName(object);
  return `[${name}+0x${offset.toString(16)}]`;
}

/** Names in brackets, as `[vdso]`, would have them twice. */
function baseName(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1) || path;
  return name.startsWith('[') && name.endsWith(']') ? name.slice(1, -1) : name;
}

const UNNAMED = /^\[(?:unknown|.*\+0x[0-9a-f]+)\]$/i;

export function isUnnamed(name: string): boolean {
  return UNNAMED.test(name);
}

/** The upper half of the address space is the kernel's, on x86_64 and aarch64. */
const KERNEL_ADDRESSES = 1n << 63n;

export function isKernelAddress(address: bigint): boolean {
  return address >= KERNEL_ADDRESSES;
}

/** Where in its file code at an address is, by the mapping that the address is in. */
export function fileOffset(
  address: bigint,
  mapping: Pick<ProfileMapping, 'start' | 'limit' | 'fileOffset'> | undefined,
): bigint {
  if (mapping === undefined || isKernelAddress(address)) return address;
  const { start, limit, fileOffset: offset } = mapping;
  // Some write addresses that are offsets already, in a mapping that was elsewhere.
  if (address < start || (limit > start && address >= limit)) return address;
  return address - start + offset;
}

/** `[ext4]`; code of the process itself may be in brackets as well. */
const KERNEL_MODULE = /^\[(?!vdso|vsyscall|jit|anon|heap|stack|uprobes|unknown)[^\]+]+\]/;
const KERNEL_IMAGE = /^\[(?:guest\.)?kernel\b|(?:^|\/)\[?vmlinux|\.ko(?:\.(?:gz|xz|zst))?$/;

export function isKernelObject(object: string | undefined): boolean {
  return object !== undefined && (KERNEL_IMAGE.test(object) || KERNEL_MODULE.test(object));
}
