// One case of the contract suite: plain data that each runtime's test runner registers.

import type { BpfObject, BpfObjectFile, Native } from '../../src/index.ts';
import { BpfObjectFile as ObjectFile } from '../../src/index.ts';
import { bpfObject } from './compile.ts';

export interface Case {
  readonly name: string;
  /** What the case cannot do without; where it is missing, the case is skipped by name. */
  readonly needs?: 'root';
  run(native: Native): void | Promise<void>;
}

/** Why the case cannot run here. */
export function reasonToSkip({ needs }: Case): string | undefined {
  return needs === 'root' && process.getuid?.() !== 0 ? 'needs root' : undefined;
}

export function openObject(native: Native, name: string): BpfObjectFile {
  return ObjectFile.open(native, bpfObject(name));
}

export function loadObject(native: Native, name: string): BpfObject {
  using file = openObject(native, name);
  return file.load();
}

export function u32(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}

export function u64(value: number | bigint): Uint8Array {
  return new Uint8Array(BigUint64Array.of(BigInt(value)).buffer);
}

/** A view over bytes that a map or a ring returned. */
export function viewOf(bytes: Uint8Array | undefined): DataView {
  if (bytes === undefined) throw new Error('the map has no such entry');
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Waits until `condition` holds. @throws Error after five seconds. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`never happened: ${what}`);
    await sleep(2);
  }
}
