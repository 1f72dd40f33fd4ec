/**
 * The fingerprint by which program images are told apart: where exec put the parts of the new
 * address space. bpf/lifecycle/layout_fingerprint.h computes the same from `struct mm_struct`, so that a kernel
 * record and /proc agree; change both. Addresses are those of proc_pid_stat(5), 26 to 51.
 */

/**
 * Addresses of the process: where exec puts things, in the order in which they are mixed. The rest of what the kernel shows
 * follows from these, or moves while the image runs: `arg_end` does with a rewritten title.
 */
export interface ImageLayout {
  readonly startCode: number;
  readonly endCode: number;
  readonly startStack: number;
  readonly endData: number;
  readonly argStart: number;
  readonly envStart: number;
  readonly envEnd: number;
}

const TWO_20 = 1_048_576;
const TWO_31 = 2_147_483_648;
const TWO_32 = 4_294_967_296;
// Odd numbers with well-spread bits; nothing else is special about them.
const FIRST_FACTOR = 0x9e37_79b1;
const SECOND_FACTOR = 0x85eb_ca77;
/** From the end of the environment to the top of a stack that is not randomised, at most. */
const FIXED_STACK_BYTES = 0x1_4000;

/**
 * A whole number between 1 and 2^52. `executable` is the inode number of the executable where the
 * layout is not random, else 0.
 */
export function layoutFingerprintOf(layout: ImageLayout, executable: number): number {
  const high = hash(layout, executable, FIRST_FACTOR, SECOND_FACTOR);
  const low = hash(layout, executable, SECOND_FACTOR, FIRST_FACTOR);
  return high * TWO_20 + (low >>> 12) || 1;
}

function hash(layout: ImageLayout, executable: number, first: number, second: number): number {
  let sum = mix(0, layout.startCode, first, second);
  sum = mix(sum, layout.endCode, first, second);
  sum = mix(sum, layout.startStack, first, second);
  sum = mix(sum, layout.endData, first, second);
  sum = mix(sum, layout.argStart, first, second);
  sum = mix(sum, layout.envStart, first, second);
  sum = mix(sum, layout.envEnd, first, second);
  return mix(sum, executable, first, second) >>> 0;
}

/** A double below 2^53 is split exactly: `| 0` takes it modulo 2^32. */
function mix(sum: number, value: number, first: number, second: number): number {
  const half = Math.imul(sum ^ (value | 0), first);
  return Math.imul(half ^ (half >>> 15) ^ ((value / TWO_32) | 0), second);
}

/**
 * Whether the address space is laid out the same each time (`setarch -R`, gdb,
 * `randomize_va_space=0`): the environment then ends right below the top of the stack, which is
 * just below a power of two on every architecture. Then only lengths tell images apart, and the
 * executable has to be looked at as well.
 */
export function isFixedLayout(envEnd: number): boolean {
  let top = TWO_31;
  while (top < envEnd) top *= 2;
  return top - envEnd <= FIXED_STACK_BYTES;
}
