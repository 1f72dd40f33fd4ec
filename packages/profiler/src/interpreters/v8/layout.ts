/**
 * Where V8 keeps what names a function, by what it says of itself for debuggers after a crash (tools/
 * gen-postmortem-metadata.py of V8). A field's type is part of its symbol's name and changes with versions, so a field
 * has all the names that it had. What was never exported is from V8's sources, by version.
 */

import { INLINING_SYMBOLS, inliningOf, type V8Inlining } from './inlining.ts';

/** `struct v8_layout` of the BPF programs. */
export interface V8Layout extends V8Inlining {
  readonly context: number;
  readonly function: number;
  readonly map_type: number;
  readonly first_function_type: number;
  readonly last_function_type: number;
  readonly shared_type: number;
  readonly scope_type: number;
  readonly script_type: number;
  readonly fixed_array_type: number;
  readonly first_other_type: number;
  readonly function_bytes: number;
  readonly function_shared: number;
  readonly shared_bytes: number;
  readonly shared_name: number;
  readonly shared_script: number;
  readonly scope_variables: number;
  readonly scope_names: number;
  readonly scope_start: number;
  readonly scope_module_kind: number;
  readonly script_bytes: number;
  readonly script_source: number;
  readonly script_name: number;
  readonly script_line_ends: number;
}

interface V8Version {
  readonly major: number;
  readonly minor: number;
}

const WORD = 8;
/** Symbols of each field, the newest last: `v8dbg_` is left out. */
const FIELDS = {
  context: ['off_fp_context'],
  function: ['off_fp_function'],
  mapType: ['class_Map__instance_type__uint16_t'],
  sharedType: ['type_SharedFunctionInfo__SHARED_FUNCTION_INFO_TYPE'],
  scopeType: ['type_ScopeInfo__SCOPE_INFO_TYPE'],
  scriptType: ['type_Script__SCRIPT_TYPE'],
  fixedArrayType: ['type_FixedArray__FIXED_ARRAY_TYPE'],
  functionType: ['type_JSFunction__JS_FUNCTION_TYPE', 'FirstJSFunctionType'],
  firstOther: ['FirstNonstringType'],
  functionShared: ['class_JSFunction__shared__SharedFunctionInfo'],
  sharedName: [
    'class_SharedFunctionInfo__name_or_scope_info__Object',
    'class_SharedFunctionInfo__name_or_scope_info__Tagged_Object_',
    'class_SharedFunctionInfo__name_or_scope_info__Tagged_NameOrScopeInfoT_',
  ],
  sharedScript: [
    'class_SharedFunctionInfo__script_or_debug_info__Object',
    'class_SharedFunctionInfo__script_or_debug_info__HeapObject',
    'class_SharedFunctionInfo__script__Tagged_HeapObject_',
  ],
  scopeCount: ['scopeinfo_idx_ncontextlocals'],
  scopeNames: ['scopeinfo_idx_first_vars'],
  scriptSource: ['class_Script__source__Object'],
  scriptName: ['class_Script__name__Object'],
  scriptLineEnds: ['class_Script__line_ends__Object'],
} as const satisfies Record<string, readonly string[]>;

/** What the walk takes for granted (v8.h): words of 8 bytes, small integers in their upper halves, and strings. */
const GRANTED: Readonly<Record<string, number>> = {
  HeapObjectTag: 1,
  HeapObjectTagMask: 3,
  SmiTag: 0,
  SmiTagMask: 1,
  SmiShiftSize: 31,
  StringRepresentationMask: 7,
  SeqStringTag: 0,
  ConsStringTag: 1,
  ExternalStringTag: 2,
  SlicedStringTag: 3,
  ThinStringTag: 5,
  OneByteStringTag: 8,
  TwoByteStringTag: 0,
  class_HeapObject__map__Map: 0,
  class_String__length__int32_t: 12,
  class_SeqOneByteString__chars__char: 16,
  class_SeqTwoByteString__chars__char: 16,
  class_ConsString__first__String: 16,
  class_ConsString__second__String: 24,
  class_ThinString__actual__String: 16,
  class_SlicedString__parent__String: 16,
  class_SlicedString__offset__SMI: 24,
  class_FixedArrayBase__length__SMI: 8,
  class_FixedArray__data__uintptr_t: 16,
};

const LAST_FUNCTION = 'LastJSFunctionType';
const named = (name: string) => `v8dbg_${name}`;

export const POSTMORTEM_SYMBOLS: readonly string[] = [
  ...Object.values(FIELDS).flat(),
  ...Object.keys(GRANTED),
  LAST_FUNCTION,
  ...INLINING_SYMBOLS,
].map(named);

/** Kinds of JavaScript functions behind the first one, of versions that do not say (V8 10.2, 11.3). */
const OTHER_FUNCTION_TYPES = 16;
/** Since then a ScopeInfo has its position in front of the names: at these words. */
const POSITION_IN_FRONT: V8Version = { major: 12, minor: 8 };
const POSITION_WORD = 4;
/** A scope of this kind has one word more in front of its names (scope-info.tq), the newest first. */
const MODULE_SCOPES: readonly (readonly [since: V8Version, kind: number])[] = [
  [POSITION_IN_FRONT, 5],
  [{ major: 12, minor: 0 }, 3],
];
const NO_SCOPE = 16;

/** @param values of POSTMORTEM_SYMBOLS, as far as there are any */
export function layoutOf(
  values: ReadonlyMap<string, number>,
  version: V8Version,
):
  | { readonly layout: V8Layout; readonly operations: readonly number[] }
  | { readonly why: string } {
  const fields: Partial<Record<keyof typeof FIELDS, number>> = {};
  for (const [field, names] of Object.entries(FIELDS)) {
    const value = names.map((name) => values.get(named(name))).findLast((one) => one !== undefined);
    if (value === undefined) return { why: `it does not say ${names[0]}` };
    fields[field as keyof typeof FIELDS] = value;
  }
  for (const [name, wanted] of Object.entries(GRANTED)) {
    const value = values.get(named(name));
    if (value !== wanted) return { why: `${name} is ${value ?? 'not said'}` };
  }
  const has = fields as Readonly<Record<keyof typeof FIELDS, number>>;
  const lastFunction = values.get(named(LAST_FUNCTION)) ?? has.functionType + OTHER_FUNCTION_TYPES;
  const { inlining, operations } = inliningOf((name) => values.get(named(name)), version);
  const layout: V8Layout = {
    ...inlining,
    context: -has.context,
    function: -has.function,
    map_type: has.mapType,
    first_function_type: has.functionType,
    last_function_type: lastFunction,
    shared_type: has.sharedType,
    scope_type: has.scopeType,
    script_type: has.scriptType,
    fixed_array_type: has.fixedArrayType,
    first_other_type: has.firstOther,
    function_bytes: has.functionShared + WORD,
    function_shared: has.functionShared,
    shared_bytes: Math.max(has.sharedName, has.sharedScript) + WORD,
    shared_name: has.sharedName,
    shared_script: has.sharedScript,
    // Behind its map.
    scope_variables: WORD * (1 + has.scopeCount),
    scope_names: WORD * (1 + has.scopeNames),
    scope_start: isSince(version, POSITION_IN_FRONT) ? WORD * POSITION_WORD : 0,
    scope_module_kind: MODULE_SCOPES.find(([since]) => isSince(version, since))?.[1] ?? NO_SCOPE,
    // Its number is behind the ends of its lines.
    script_bytes: has.scriptLineEnds + 2 * WORD,
    script_source: has.scriptSource,
    script_name: has.scriptName,
    script_line_ends: has.scriptLineEnds,
  };
  return isSound(layout) ? { layout, operations } : { why: 'what it says of itself cannot be' };
}

function isSince({ major, minor }: V8Version, since: V8Version): boolean {
  return major > since.major || (major === since.major && minor >= since.minor);
}

/** The walk reads so much at most, and words where words are. */
function isSound(layout: V8Layout): boolean {
  const { function_bytes, shared_bytes, script_bytes, context, function: at } = layout;
  const offsets = [
    ...[function_bytes, shared_bytes, script_bytes, context, at],
    ...[layout.scope_variables, layout.scope_names, layout.scope_start],
    ...[layout.script_name, layout.script_source, layout.script_line_ends, layout.function_shared],
    ...[layout.shared_name, layout.shared_script],
  ];
  return (
    offsets.every((offset) => offset >= 0 && offset % WORD === 0) &&
    Math.max(function_bytes, shared_bytes) <= 64 &&
    script_bytes <= 80 &&
    Math.max(context, at) <= 256 &&
    layout.scope_variables < 64
  );
}
