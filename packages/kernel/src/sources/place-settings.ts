/**
 * The `const volatile` globals of an object, set before it is loaded: those that every source of a session
 * may have, and those of the source itself.
 */

import { encodeValue, type FieldKind, type Source } from '@waggle/bpf';
import type { BpfObjectFile } from '@waggle/ffi';

/** By name; of numbers and truth values. */
export type SessionSettings = Readonly<Record<string, number | bigint | boolean>>;

/** A test's object, or an older one, may have fewer. @throws RangeError for what does not fit its type. */
export function placeSettings(
  file: BpfObjectFile,
  { skeleton, settings = {} }: Source,
  common: SessionSettings,
): void {
  for (const [name, { offset, bytes, kind }] of Object.entries(skeleton.settings)) {
    const value = settings[name] ?? common[name];
    if (value !== undefined)
      file.setConstant('.rodata', offset, settingBytes(name, value, bytes, kind));
  }
}

function settingBytes(name: string, value: unknown, bytes: number, kind: FieldKind): Uint8Array {
  if (isNumber(kind)) return numberBytes(name, value, bytes, kind);
  try {
    return encodeValue<FieldKind>(kind, bytes, value as never);
  } catch (error) {
    throw new RangeError(`the setting ${name}: ${(error as Error).message}`);
  }
}

function isNumber(kind: FieldKind): kind is string {
  return typeof kind === 'string' && kind !== 'text' && kind !== 'bytes' && !kind.endsWith('[]');
}

/** Little-endian, as the objects are. */
function numberBytes(name: string, value: unknown, bytes: number, kind: string): Uint8Array {
  const bits = 8 * bytes;
  const wanted = `${kind.startsWith('s') ? 'signed ' : ''}number of ${bits} bits`;
  const isWhole =
    typeof value === 'bigint' || typeof value === 'boolean' || Number.isInteger(value);
  const number = isWhole ? BigInt(value as number | bigint | boolean) : undefined;
  // What the kernel adds as an unsigned number may be a negative one: an offset.
  const fits =
    number !== undefined &&
    (BigInt.asUintN(bits, number) === number || BigInt.asIntN(bits, number) === number);
  if (!fits) throw new RangeError(`the setting ${name} takes a ${wanted}, not ${value}`);
  const all = new Uint8Array(8);
  new DataView(all.buffer).setBigUint64(0, BigInt.asUintN(64, number), true);
  return all.subarray(0, bytes);
}
