/**
 * A number of 63 bits that a text is looked up by. Two texts may share one: what is stored is compared as well.
 */

export function digestOf(text: string | Uint8Array): bigint {
  return BigInt.asIntN(64, Bun.hash.wyhash(text, 0n)) >> 1n;
}
