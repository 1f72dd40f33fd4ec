/** What stands for a function's name when nobody knows it: where it is, in brackets. */

export function unnamed(object: string | undefined, address: number): string {
  return `[${object ?? 'unknown'}+0x${address.toString(16)}]`;
}

const UNNAMED = /^\[(?:unknown|.*\+0x[0-9a-f]+)\]$/i;

export function isUnnamed(name: string): boolean {
  return UNNAMED.test(name);
}
