/**
 * Kernel functions are called by name, and programs do without those that are not there. libbpf refuses
 * the whole object, however, where a kernel has one under another signature (functions of this kind
 * may change from one kernel to the next). Then its name in the object becomes one that no kernel has.
 */

import type { SystemError } from '@waggle/ffi';

/** libbpf.c, bpf_object__resolve_ksym_func_btf_id. */
const INCOMPATIBLE = /extern \(func ksym\) '(\w+)': func_proto \[\d+\] incompatible/;

/** Which function's signature made the load fail, if that was it. */
export function unusableKfunc({ log }: SystemError): string | undefined {
  return INCOMPATIBLE.exec(log)?.[1];
}

/** The object as if the kernel did not have the function. */
export function withoutKfunc(object: Uint8Array, name: string): Uint8Array {
  const changed = Buffer.from(object);
  const known = Buffer.from(`${name}\0`);
  const unknown = name.replace(/^./, '_');
  for (let at = changed.indexOf(known); at >= 0; at = changed.indexOf(known, at + 1))
    changed.write(unknown, at, 'latin1');
  return changed;
}
