/**
 * What an object is known by where the sampler met it, and whether a file is that. Files are asked each
 * time, and some do not answer: the server of a FUSE or NFS mount may be gone while programs from there
 * still run.
 */

import { objectDevices, objectKey } from '@waggle/bpf';
import { fileStatus } from '@waggle/ffi';
import type { ObjectFile } from '../mappings/object-file.ts';

export function nameOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1');
}

/** The key that nameOf() gave a name. */
export function keyOf(name: string): Uint8Array {
  return Uint8Array.from(Buffer.from(name, 'latin1'));
}

/** Of memory that the sampler met in the place of a program's own code, where that is. */
export function memoryOf(
  key: Uint8Array,
): { readonly start: number; readonly end: number } | undefined {
  const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
  const { device, number, size } = objectKey.offset;
  if (view.getUint32(device, true) !== objectDevices.OBJECT_IN_MEMORY) return undefined;
  const start = Number(view.getBigUint64(number, true));
  return { start, end: start + Number(view.getBigUint64(size, true)) };
}

/** Whether a stack was handed over as it is: nobody tried to walk it in the kernel. */
export function metNone(key: Uint8Array): boolean {
  const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
  return view.getUint32(objectKey.offset.device, true) === objectDevices.OBJECT_NONE;
}

/** Whether the file is what the sampler saw. On overlayfs only the number may be another's. */
export function isContent(key: Uint8Array, { fd }: ObjectFile): boolean {
  if (fd === undefined) return true;
  const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
  const at = objectKey.offset;
  const changed =
    view.getBigUint64(at.changed_sec, true) * 1_000_000_000n +
    BigInt(view.getUint32(at.changed_nsec, true));
  try {
    const { size, ctimeNs } = fileStatus(fd);
    return view.getBigUint64(at.size, true) === size && changed === ctimeNs;
  } catch {
    return false;
  }
}
