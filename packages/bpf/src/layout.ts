/**
 * How the bytes of a struct, a map's key or value, a setting are laid out: plain data that is generated from
 * an object's BTF.
 */

/** A struct: bytes from its start, bytes of each field, and how each is read. */
export interface StructLayout {
  readonly size: number;
  readonly offset: Readonly<Record<string, number>>;
  readonly bytes: Readonly<Record<string, number>>;
  readonly kind: Readonly<Record<string, FieldKind>>;
}

/** A word for scalars, text and arrays of them; a struct; or a list of structs. */
export type FieldKind = string | StructLayout | readonly [StructLayout];
