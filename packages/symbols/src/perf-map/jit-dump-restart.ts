/**
 * Where a jitdump goes on behind what is no record. A process that forks has two copies of what was in its
 * buffer, and both write theirs to the one file (CPython 3.13 with -X perf_jit and multiprocessing): the
 * second begins in the middle of a record. So what follows is looked for: code that was loaded, which
 * says whose it is and how long its name and its code are, or the call frame information right before it.
 */
import { viewOf } from '../elf/headers.ts';

/** jr_prefix.id of the last kind that there is: JIT_CODE_UNWINDING_INFO. */
const LAST_KIND = 4;
/** struct jr_prefix. */
const PREFIX_BYTES = 16;
const TOTAL_SIZE = 4;
/** No runtime generates so much code at once. */
const MAX_RECORD_BYTES = 1024 * 1024 * 1024;
/** struct jr_code_load. */
const LOAD = { kind: 0, pid: 16, size: 40, name: 56 } as const;
/** struct jr_code_unwinding_info. */
const UNWINDING = { kind: 4, bytes: 40 } as const;

/** What is known of a dump. */
export interface DumpFacts {
  /** Of its header. */
  readonly pid: number;
  /** The longest name that is read. */
  readonly maxName: number;
}

/**
 * Whether no runtime writes a record that begins so.
 * @param bytes of the file, as far as they are there
 * @param at followed by a whole prefix
 */
export function isDamaged(bytes: Uint8Array, at: number, dump: DumpFacts): boolean {
  const view = viewOf(bytes);
  const kind = view.getUint32(at, true);
  const total = view.getUint32(at + TOTAL_SIZE, true);
  if (kind > LAST_KIND || total < PREFIX_BYTES || total > MAX_RECORD_BYTES) return true;
  if (kind !== LOAD.kind || at + LOAD.name > bytes.length) return false;
  // Runtimes may leave the code out, or say another pid; none does both.
  return view.getUint32(at + LOAD.pid, true) !== dump.pid && !hasName(bytes, at, dump);
}

/** The first place from `from` on at which a record begins, or undefined. */
export function restartOf(bytes: Uint8Array, from: number, dump: DumpFacts): number | undefined {
  const view = viewOf(bytes);
  const isLoad = (at: number): boolean =>
    at + LOAD.name <= bytes.length &&
    view.getUint32(at, true) === LOAD.kind &&
    view.getUint32(at + LOAD.pid, true) === dump.pid &&
    hasName(bytes, at, dump);
  const isUnwinding = (at: number): boolean => {
    if (view.getUint32(at, true) !== UNWINDING.kind) return false;
    const total = view.getUint32(at + TOTAL_SIZE, true);
    return total >= UNWINDING.bytes && isLoad(at + total);
  };
  for (let at = from; at + PREFIX_BYTES <= bytes.length; at++) {
    // Both kinds are small numbers: nothing else is worth a look.
    if (bytes[at + 1] !== 0 || bytes[at + 2] !== 0 || bytes[at + 3] !== 0) continue;
    if (isLoad(at) || isUnwinding(at)) return at;
  }
  return undefined;
}

/** Whether between the fields and the code of a load there is one text, and its end. */
function hasName(bytes: Uint8Array, at: number, { maxName }: DumpFacts): boolean {
  const view = viewOf(bytes);
  const codeBytes = Number(view.getBigUint64(at + LOAD.size, true));
  const nameBytes = view.getUint32(at + TOTAL_SIZE, true) - LOAD.name - codeBytes;
  if (!(nameBytes > 1 && nameBytes <= maxName + 1)) return false;
  return bytes.indexOf(0, at + LOAD.name) === at + LOAD.name + nameBytes - 1;
}
