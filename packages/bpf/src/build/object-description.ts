/**
 * What an object file says of itself, as plain data; read by description.ts, written as TypeScript by
 * typescript.ts.
 */

export interface ObjectDescription {
  readonly programs: readonly { readonly name: string; readonly section: string }[];
  readonly maps: readonly MapDescription[];
  readonly rings: readonly { readonly ring: string; readonly struct: string }[];
  /** Of maps, rings and those exported, by name; a struct comes behind those that it holds. */
  readonly structs: readonly StructDescription[];
  readonly enums: readonly EnumDescription[];
  /** The `const volatile` globals. */
  readonly settings: readonly FieldDescription[];
}

export interface MapDescription {
  readonly name: string;
  /** enum bpf_map_type of linux/bpf.h. */
  readonly type: number;
  readonly maxEntries: number;
  readonly isShared: boolean;
  readonly key: FieldKind | undefined;
  readonly value: FieldKind | undefined;
}

/** Of one value; an array is so many of them. */
export type ScalarKind =
  | 'bool'
  | 'u8'
  | 'u16'
  | 'u32'
  | 's8'
  | 's16'
  | 's32'
  | 'u64'
  | 's64'
  | 'u53';

/** `text` is a char array, `bytes` anything else that has no better reading. */
export type FieldKind =
  | ScalarKind
  | 'text'
  | 'bytes'
  | { readonly array: ScalarKind }
  /** Several texts of so many bytes each. */
  | { readonly texts: number }
  /** Of an enum with a name, read as the scalar. */
  | { readonly enum: string; readonly scalar: ScalarKind }
  | { readonly struct: string }
  | { readonly structs: string; readonly size: number };

export interface FieldDescription {
  readonly name: string;
  readonly offset: number;
  readonly bytes: number;
  readonly kind: FieldKind;
}

export interface StructDescription {
  readonly name: string;
  readonly size: number;
  /** The struct that lies at its beginning, if one does, and what its member is called. */
  readonly base: { readonly struct: string; readonly member: string } | undefined;
  /** Nested structs are flattened, with dots. */
  readonly fields: readonly FieldDescription[];
}

export interface EnumDescription {
  readonly name: string;
  readonly values: readonly { readonly name: string; readonly value: number }[];
}
