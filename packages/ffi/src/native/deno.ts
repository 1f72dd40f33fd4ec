/**
 * The Deno adapter: Deno.dlopen behind NativeBackend. Addresses travel as 64-bit integers,
 * which Deno converts without allocating its pointer objects.
 */

import type {
  Address,
  NativeBackend,
  NativeFunction,
  NativeLibrary,
  NativeTable,
  NativeType,
} from './backend.ts';
import { WAGGLE } from './symbols.ts';

interface ForeignFunction {
  readonly parameters: readonly string[];
  readonly result: string;
  /** Runs on a thread of Deno's pool and returns a promise. */
  readonly nonblocking?: boolean;
}

interface NonblockingPoll {
  waggle_poll_wait(poll: bigint): Promise<number>;
}

/** The part of Deno's API that is used; this package is also type-checked without Deno's types. */
interface DenoFfi {
  dlopen(
    name: string,
    symbols: Record<string, ForeignFunction>,
  ): { readonly symbols: Record<string, (...args: unknown[]) => unknown> };
  readonly UnsafePointer: {
    create(address: bigint): object | null;
    of(bytes: Uint8Array): object | null;
    value(pointer: object | null): bigint;
  };
  readonly UnsafePointerView: { getArrayBuffer(pointer: object, length: number): ArrayBuffer };
}

const TYPES: Record<NativeType, string> = {
  void: 'void',
  i32: 'i32',
  u32: 'u32',
  i64: 'i64',
  u64: 'u64',
  pointer: 'usize',
  buffer: 'buffer',
};

function foreign({ parameters, result }: NativeFunction): ForeignFunction {
  return { parameters: parameters.map((type) => TYPES[type]), result: TYPES[result] };
}

/** @param deno the `Deno` global, handed in so that importing this file needs no Deno. */
export function denoBackend(deno: DenoFfi): NativeBackend {
  const { UnsafePointer, UnsafePointerView } = deno;
  return {
    runtime: 'deno',

    open<const Table extends NativeTable>(path: string, table: Table) {
      const symbols = Object.fromEntries(
        Object.entries(table).map(([name, signature]) => [name, foreign(signature)]),
      );
      return toOurTypes(deno.dlopen(path, symbols).symbols, table) as NativeLibrary<Table>;
    },

    memory(address, length) {
      const pointer = UnsafePointer.create(BigInt(address));
      if (pointer === null) throw new TypeError('memory at NULL');
      return UnsafePointerView.getArrayBuffer(pointer, length);
    },

    addressOf: (bytes) => Number(UnsafePointer.value(UnsafePointer.of(bytes))) as Address,

    pollThread({ path, waggle }, poll, onReady, onFailure) {
      const { waggle_poll_wait } = deno.dlopen(path, {
        waggle_poll_wait: { ...foreign(WAGGLE.waggle_poll_wait), nonblocking: true },
      }).symbols as unknown as NonblockingPoll;
      let polling: Promise<unknown> = Promise.resolve();
      let ended = false;
      return {
        poll() {
          polling = waggle_poll_wait(BigInt(poll)).then(() => {
            if (!ended) onReady();
          }, onFailure);
        },
        end() {
          ended = true;
          waggle.waggle_poll_stop(poll);
          void polling.finally(() => waggle.waggle_poll_free(poll));
        },
      };
    },
  };
}

/** 64-bit arguments must be bigints for Deno, and addresses come back as bigints. */
function toOurTypes(
  symbols: Record<string, (...args: unknown[]) => unknown>,
  table: NativeTable,
): object {
  return Object.fromEntries(
    Object.entries(table).map(([name, { parameters, result }]) => {
      const call = symbols[name] as (...args: unknown[]) => unknown;
      const wide = parameters.map((type) => type === 'i64' || type === 'u64' || type === 'pointer');
      const convert = wide.includes(true)
        ? (args: unknown[]) =>
            args.map((value, index) => (wide[index] ? BigInt(value as number | bigint) : value))
        : (args: unknown[]) => args;
      const wrapped =
        result === 'pointer'
          ? (...args: unknown[]) => Number(call(...convert(args)))
          : result === 'i64' || result === 'u64'
            ? (...args: unknown[]) => BigInt(call(...convert(args)) as number | bigint)
            : (...args: unknown[]) => call(...convert(args));
      return [name, wrapped];
    }),
  );
}
