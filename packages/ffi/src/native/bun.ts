/** The Bun adapter: bun:ffi behind NativeBackend. */

import { dlopen, type FFIFunction, type Pointer, ptr, toArrayBuffer } from 'bun:ffi';
import type { Address, NativeBackend, NativeLibrary, NativeTable, NativeType } from './backend.ts';
import { bunPollThread } from './bun-poll-thread.ts';

const TYPES = {
  void: 'void',
  i32: 'i32',
  u32: 'u32',
  i64: 'i64',
  u64: 'u64',
  pointer: 'ptr',
  buffer: 'ptr',
} as const satisfies Record<NativeType, FFIFunction['returns']>;

export const bunBackend: NativeBackend = {
  runtime: 'bun',

  open<const Table extends NativeTable>(path: string, table: Table) {
    const symbols = Object.fromEntries(
      Object.entries(table).map(([name, { parameters, result }]) => [
        name,
        { args: parameters.map((type) => TYPES[type]), returns: TYPES[result] },
      ]),
    );
    return pointersToNumbers(dlopen(path, symbols).symbols, table) as NativeLibrary<Table>;
  },

  memory: (address, length) => toArrayBuffer(address as number as Pointer, 0, length),

  addressOf: (bytes) => ptr(bytes) as number as Address,

  pollThread: bunPollThread,
};

/** bun:ffi returns null for NULL and a bigint for MAP_FAILED; an address is a number here. */
function pointersToNumbers(symbols: Record<string, unknown>, table: NativeTable): object {
  return Object.fromEntries(
    Object.entries(table).map(([name, { result }]) => {
      const call = symbols[name] as (...args: unknown[]) => unknown;
      return [
        name,
        result === 'pointer' ? (...args: unknown[]) => Number(call(...args) ?? 0) : call,
      ];
    }),
  );
}
