/**
 * Call frame information for tests, written from instructions by name: CIEs, FDEs and their
 * programs as bytes of a section. Knows nothing of the code under test.
 */

export type CfaInstruction =
  | readonly ['nop']
  | readonly ['advance', delta: number, width: 0 | 1 | 2 | 4 | 8]
  | readonly ['set_loc', address: number]
  | readonly ['def_cfa', register: number, offset: number]
  | readonly ['def_cfa_sf', register: number, factored: number]
  | readonly ['def_cfa_register', register: number]
  | readonly ['def_cfa_offset', offset: number]
  | readonly ['def_cfa_offset_sf', factored: number]
  | readonly ['def_cfa_expression', operations: readonly number[]]
  | readonly ['offset', register: number, factored: number]
  | readonly ['offset_extended', register: number, factored: number]
  | readonly ['offset_extended_sf', register: number, factored: number]
  | readonly ['negative_offset', register: number, factored: number]
  | readonly ['val_offset', register: number, factored: number]
  | readonly ['val_offset_sf', register: number, factored: number]
  | readonly ['expression', register: number, operations: readonly number[]]
  | readonly ['val_expression', register: number, operations: readonly number[]]
  | readonly ['register', register: number, other: number]
  | readonly ['undefined', register: number]
  | readonly ['same_value', register: number]
  | readonly ['restore', register: number]
  | readonly ['restore_extended', register: number]
  | readonly ['remember_state']
  | readonly ['restore_state']
  | readonly ['args_size', size: number]
  | readonly ['negate_ra_state'];

export function uleb(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const digit = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest > 0 ? digit | 0x80 : digit);
  } while (rest > 0);
  return bytes;
}

export function sleb(value: number): number[] {
  const bytes: number[] = [];
  let rest = BigInt(value);
  for (;;) {
    const digit = Number(rest & 0x7fn);
    rest >>= 7n;
    const done = (rest === 0n && digit < 64) || (rest === -1n && digit >= 64);
    bytes.push(done ? digit : digit | 0x80);
    if (done) return bytes;
  }
}

export function little(value: number, width: number): number[] {
  const wrapped = BigInt.asUintN(64, BigInt(value));
  return Array.from({ length: width }, (_, i) => Number((wrapped >> BigInt(8 * i)) & 0xffn));
}

/** `delta` of an advance is in units of the CIE's code alignment, as it stands in the bytes. */
export function assemble(instruction: CfaInstruction): number[] {
  switch (instruction[0]) {
    case 'nop':
      return [0];
    case 'advance': {
      const [, delta, width] = instruction;
      if (width === 0) return [0x40 | delta];
      return [{ 1: 2, 2: 3, 4: 4, 8: 0x1d }[width], ...little(delta, width)];
    }
    case 'set_loc':
      return [1, ...little(instruction[1], 8)];
    case 'def_cfa':
      return [0x0c, ...uleb(instruction[1]), ...uleb(instruction[2])];
    case 'def_cfa_sf':
      return [0x12, ...uleb(instruction[1]), ...sleb(instruction[2])];
    case 'def_cfa_register':
      return [0x0d, ...uleb(instruction[1])];
    case 'def_cfa_offset':
      return [0x0e, ...uleb(instruction[1])];
    case 'def_cfa_offset_sf':
      return [0x13, ...sleb(instruction[1])];
    case 'def_cfa_expression':
      return [0x0f, ...uleb(instruction[1].length), ...instruction[1]];
    case 'offset':
      return [0x80 | instruction[1], ...uleb(instruction[2])];
    case 'offset_extended':
      return [0x05, ...uleb(instruction[1]), ...uleb(instruction[2])];
    case 'offset_extended_sf':
      return [0x11, ...uleb(instruction[1]), ...sleb(instruction[2])];
    case 'negative_offset':
      return [0x2f, ...uleb(instruction[1]), ...uleb(instruction[2])];
    case 'val_offset':
      return [0x14, ...uleb(instruction[1]), ...uleb(instruction[2])];
    case 'val_offset_sf':
      return [0x15, ...uleb(instruction[1]), ...sleb(instruction[2])];
    case 'expression':
      return [0x10, ...uleb(instruction[1]), ...uleb(instruction[2].length), ...instruction[2]];
    case 'val_expression':
      return [0x16, ...uleb(instruction[1]), ...uleb(instruction[2].length), ...instruction[2]];
    case 'register':
      return [0x09, ...uleb(instruction[1]), ...uleb(instruction[2])];
    case 'undefined':
      return [0x07, ...uleb(instruction[1])];
    case 'same_value':
      return [0x08, ...uleb(instruction[1])];
    case 'restore':
      return [0xc0 | instruction[1]];
    case 'restore_extended':
      return [0x06, ...uleb(instruction[1])];
    case 'remember_state':
      return [0x0a];
    case 'restore_state':
      return [0x0b];
    case 'args_size':
      return [0x2e, ...uleb(instruction[1])];
    case 'negate_ra_state':
      return [0x2d];
  }
}

export interface CieShape {
  readonly version?: 1 | 3 | 4;
  /** Written as it is; 'z' data must be given in `augmentationData`. */
  readonly augmentation?: string;
  readonly augmentationData?: readonly number[];
  readonly codeAlignment?: number;
  readonly dataAlignment?: number;
  readonly returnAddress?: number;
  readonly program?: readonly CfaInstruction[];
}

export interface FdeShape {
  /** Start and size as they are encoded, and what 'z' has behind them. */
  readonly range: readonly number[];
  readonly augmentationData?: readonly number[];
  readonly program?: readonly CfaInstruction[];
}

/** What a compiler for x86-64 writes at the head of every file. */
export const X86_64_INITIAL: readonly CfaInstruction[] = [
  ['def_cfa', 7, 8],
  ['offset', 16, 1],
];

export class FrameAssembler {
  readonly #kind: 'eh_frame' | 'debug_frame';
  readonly #extended: boolean;
  #bytes: number[] = [];

  constructor(kind: 'eh_frame' | 'debug_frame' = 'eh_frame', extended = false) {
    this.#kind = kind;
    this.#extended = extended;
  }

  get size(): number {
    return this.#bytes.length;
  }

  /** Where the range of the next FDE will stand, for what is relative to it. */
  get nextRange(): number {
    return this.#bytes.length + (this.#extended ? 12 : 4) + this.#idWidth;
  }

  /** Gives the offset that FDEs refer to. */
  cie(shape: CieShape = {}): number {
    const at = this.#bytes.length;
    const version = shape.version ?? 1;
    const augmentation = shape.augmentation ?? 'zR';
    const data = shape.augmentationData ?? (augmentation === 'zR' ? [0] : []);
    const returnAddress = shape.returnAddress ?? 16;
    this.#record(this.#kind === 'eh_frame' ? 0 : -1, [
      version,
      ...[...augmentation].map((letter) => letter.charCodeAt(0)),
      0,
      ...(version === 4 ? [8, 0] : []),
      ...uleb(shape.codeAlignment ?? 1),
      ...sleb(shape.dataAlignment ?? -8),
      ...(version === 1 ? [returnAddress] : uleb(returnAddress)),
      ...(augmentation.startsWith('z') ? [...uleb(data.length), ...data] : []),
      ...(shape.program ?? X86_64_INITIAL).flatMap(assemble),
    ]);
    return at;
  }

  /** An FDE of a CIE with 'zR' and absolute addresses. */
  function(cie: number, start: number, size: number, program: readonly CfaInstruction[]): void {
    this.fde(cie, { range: [...little(start, 8), ...little(size, 8)], program });
  }

  fde(cie: number, shape: FdeShape): void {
    const idAt = this.#bytes.length + (this.#extended ? 12 : 4);
    this.#record(this.#kind === 'eh_frame' ? idAt - cie : cie, [
      ...shape.range,
      ...(this.#kind === 'eh_frame'
        ? [...uleb(shape.augmentationData?.length ?? 0), ...(shape.augmentationData ?? [])]
        : []),
      ...(shape.program ?? []).flatMap(assemble),
    ]);
  }

  raw(...bytes: number[]): void {
    this.#bytes.push(...bytes);
  }

  bytes(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }

  get #idWidth(): number {
    return this.#extended && this.#kind === 'debug_frame' ? 8 : 4;
  }

  #record(id: number, body: readonly number[]): void {
    const padded = [...body];
    while ((padded.length + this.#idWidth + 4) % 8 !== 0) padded.push(0);
    const length = padded.length + this.#idWidth;
    const prefix = this.#extended ? [...little(-1, 4), ...little(length, 8)] : little(length, 4);
    this.#bytes = this.#bytes.concat(prefix, little(id, this.#idWidth), padded);
  }
}
