/**
 * Where V8 keeps which functions it has inlined into code, for the versions that were looked at: src/objects/{code,
 * instruction-stream,deoptimization-data}.h, src/codegen/{,maglev-}safepoint-table.h, src/deoptimizer/
 * translation-opcode.h. It says types and some offsets itself; the rest is by version, so of another one nothing is known.
 */

import { v8Operation } from '@waggle/bpf';

/** A part of `struct v8_layout` of the BPF programs; all of it is 0 where nothing is known. */
export interface V8Inlining {
  readonly code_type: number;
  readonly code_start: number;
  readonly code_size: number;
  readonly code_flags: number;
  readonly code_data: number;
  readonly optimised_kind: number;
  readonly stream_type: number;
  readonly stream_bytes: number;
  readonly data_type: number;
  readonly data_translations: number;
  readonly data_count: number;
  readonly data_literals: number;
  readonly data_id: number;
  readonly data_entries: number;
  readonly safepoints_length: number;
  readonly safepoints_bytes: number;
  readonly maglev_safepoints_bytes: number;
  readonly operation_count: number;
  readonly operation_shift: number;
  readonly begin_functions: number;
  readonly has_basis: number;
}

/** Symbols, without `v8dbg_`. */
const CODE_TYPE = 'type_Code__CODE_TYPE';
const BASELINE = 'CodeKindBaseline';
const STREAM_TYPE = 'type_InstructionStream__INSTRUCTION_STREAM_TYPE';
const STREAM_BYTES = 'class_InstructionStream__instruction_start__uintptr_t';
/** Before there were streams (10.2). */
const CODE_BYTES = 'class_Code__instruction_start__uintptr_t';
const DATA_TYPES = {
  fixed: 'type_FixedArray__FIXED_ARRAY_TYPE',
  trusted: 'type_TrustedFixedArray__TRUSTED_FIXED_ARRAY_TYPE',
  protected: 'type_ProtectedFixedArray__PROTECTED_FIXED_ARRAY_TYPE',
} as const;

export const INLINING_SYMBOLS: readonly string[] = [
  ...[CODE_TYPE, BASELINE, STREAM_TYPE, STREAM_BYTES, CODE_BYTES],
  ...Object.values(DATA_TYPES),
];

const FRAME = v8Operation.V8_OPERATION_FUNCTION;
/** Of one of V8's own. */
const CONTINUED = FRAME | v8Operation.V8_OPERATION_CONTINUES;
const LITERAL = v8Operation.V8_OPERATION_LITERAL;
const BEGIN = v8Operation.V8_OPERATION_BEGINS;
const MATCH = v8Operation.V8_OPERATION_MATCHES;

/** Operations by their numbers: how many operands each has. Runs of those that have one are values, by where they are. */
const OPERATIONS_10_2 = [
  ...[2, 1, 0, 3 | BEGIN, 1, 1, 3, 1, 3],
  ...new Array<number>(9).fill(1),
  ...[5 | FRAME, 3 | CONTINUED, 3 | CONTINUED, 4],
  ...[1 | LITERAL, 1, 1, 1, 1, 2],
];
const OPERATIONS_11_3 = [
  ...[1, 0, 3 | BEGIN, 3 | BEGIN, 1, 1, 3, 1, 3],
  ...[1, 1, 1, 1, 1, 2],
  ...new Array<number>(8).fill(1),
  ...[5 | FRAME, 3 | FRAME, 3 | CONTINUED, 3 | CONTINUED, 4],
  ...[0, 1 | LITERAL, 1, 1, 1, 1, 2, 1 | MATCH],
];
const OPERATIONS_12_4 = [
  ...[5 | FRAME, 3 | FRAME, 3 | CONTINUED, 3 | CONTINUED],
  ...[2, 1, 3, 4, 3, 2],
  ...[1, 0, 3 | BEGIN, 3 | BEGIN],
  ...new Array<number>(18).fill(1),
  ...[0, 1 | LITERAL, 1, 1, 1, 1, 2, 1 | MATCH],
];
const OPERATIONS_13_6 = [
  ...[6 | FRAME, 4 | FRAME, 3 | CONTINUED, 3 | CONTINUED],
  ...[2, 1, 3, 4, 3, 3, 3],
  ...[1, 0, 0, 3 | BEGIN, 3 | BEGIN],
  ...[1, 1, 1, 0],
  ...new Array<number>(17).fill(1),
  ...[0, 1 | LITERAL, 1, 1, 1, 1, 2, 1 | MATCH],
];

interface Version {
  readonly operations: readonly number[];
  readonly code: { start: number; size: number; flags: number; data: number };
  readonly data: keyof typeof DATA_TYPES;
  /** Elements of DeoptimizationData that are not at the same place in all. */
  readonly elements: { literals: number; id: number; entries: number };
  readonly safepoints: { length: number; bytes: number; maglev: number };
}

const ELEMENTS = { literals: 2, id: 5, entries: 11 } as const;
const SAFEPOINTS = { length: 0, bytes: 8, maglev: 16 } as const;

const VERSIONS: Readonly<Record<string, Version>> = {
  '10.2': {
    operations: OPERATIONS_10_2,
    code: { start: 0, size: 40, flags: 48, data: 16 },
    ...{ data: 'fixed', elements: ELEMENTS, safepoints: SAFEPOINTS },
  },
  '11.3': {
    operations: OPERATIONS_11_3,
    code: { start: 40, size: 56, flags: 48, data: 16 },
    ...{ data: 'fixed', elements: ELEMENTS, safepoints: SAFEPOINTS },
  },
  '12.4': {
    operations: OPERATIONS_12_4,
    code: { start: 40, size: 52, flags: 48, data: 8 },
    ...{ data: 'trusted', elements: ELEMENTS, safepoints: SAFEPOINTS },
  },
  '13.6': {
    operations: OPERATIONS_13_6,
    code: { start: 40, size: 56, flags: 52, data: 8 },
    data: 'protected',
    elements: { literals: 3, id: 6, entries: 12 },
    safepoints: { length: 4, bytes: 12, maglev: 16 },
  },
};

/** Elements that an array has in front of its own, in words. */
const HEAD_OF_ARRAY = 2;

const NOTHING: V8Inlining = {
  ...{ code_type: 0, code_start: 0, code_size: 0, code_flags: 0, code_data: 0, optimised_kind: 0 },
  ...{ stream_type: 0, stream_bytes: 0, data_type: 0, data_translations: 0, data_count: 0 },
  ...{ data_literals: 0, data_id: 0, data_entries: 0, safepoints_length: 0, safepoints_bytes: 0 },
  ...{ maglev_safepoints_bytes: 0, operation_count: 0, operation_shift: 0, begin_functions: 0 },
  has_basis: 0,
};

/** @param said a symbol of INLINING_SYMBOLS */
export function inliningOf(
  said: (symbol: string) => number | undefined,
  { major, minor }: { readonly major: number; readonly minor: number },
): { readonly inlining: V8Inlining; readonly operations: readonly number[] } {
  const version = VERSIONS[`${major}.${minor}`];
  const nothing = { inlining: NOTHING, operations: [] };
  if (version === undefined) return nothing;
  const { code, elements, safepoints, operations } = version;
  const codeType = said(CODE_TYPE);
  const baseline = said(BASELINE);
  const dataType = said(DATA_TYPES[version.data]);
  const streamType = code.start === 0 ? codeType : said(STREAM_TYPE);
  const streamBytes = said(code.start === 0 ? CODE_BYTES : STREAM_BYTES);
  if (codeType === undefined || baseline === undefined || dataType === undefined) return nothing;
  if (streamType === undefined || streamBytes === undefined || streamBytes % 8 !== 0)
    return nothing;
  const isPlain = operations === OPERATIONS_10_2;
  const inlining: V8Inlining = {
    code_type: codeType,
    ...{ code_start: code.start, code_size: code.size, code_flags: code.flags },
    ...{ code_data: code.data, optimised_kind: baseline + 1 },
    ...{ stream_type: streamType, stream_bytes: streamBytes, data_type: dataType },
    data_translations: HEAD_OF_ARRAY,
    data_count: HEAD_OF_ARRAY + 1,
    data_literals: HEAD_OF_ARRAY + elements.literals,
    data_id: HEAD_OF_ARRAY + elements.id,
    data_entries: HEAD_OF_ARRAY + elements.entries,
    safepoints_length: safepoints.length,
    safepoints_bytes: safepoints.bytes,
    maglev_safepoints_bytes: safepoints.maglev,
    operation_count: operations.length,
    operation_shift: isPlain ? 1 : 0,
    begin_functions: isPlain ? 1 : 2,
    has_basis: isPlain ? 0 : 1,
  };
  return { inlining, operations };
}
