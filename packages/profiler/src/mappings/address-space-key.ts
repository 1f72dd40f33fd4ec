/**
 * What the kernel and we know an address space by where a process may not have been looked at yet.
 */

import { addressSpace } from '@waggle/bpf';
import { type Procfs, ProcfsError, type ProcStat } from '@waggle/cache';

/** What exec draws anew and fork leaves as it is: see struct address_space of the BPF programs. */
export type AddressSpaceKey = Pick<ProcStat, 'startCode' | 'startStack'>;

/** As the maps of the BPF programs have it. */
export function addressSpaceBytes({ startCode, startStack }: AddressSpaceKey): Uint8Array {
  const key = new DataView(new ArrayBuffer(addressSpace.size));
  key.setBigUint64(addressSpace.offset.start_code, BigInt(startCode), true);
  key.setBigUint64(addressSpace.offset.start_stack, BigInt(startStack), true);
  return new Uint8Array(key.buffer);
}

/** Undefined for a process that is gone, or that we may not trace: it reads as 0 then. */
export function addressSpaceOf(
  procfs: Pick<Procfs, 'stat'>,
  pid: number,
): AddressSpaceKey | undefined {
  try {
    const stat = procfs.stat(pid);
    return stat.startStack === 0 ? undefined : stat;
  } catch (error) {
    if (error instanceof ProcfsError) return undefined;
    throw error;
  }
}
