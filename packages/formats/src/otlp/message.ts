/** A message as a plain object, to be written or as it was read, by a schema. */
import type { profileMessages } from './schema.ts';

/** Of a field: its number, a scalar or another message by name, and of which alternatives it is one. */
export interface MessageField {
  readonly id: number;
  readonly type: string;
  readonly rule?: string;
  readonly oneof?: string;
}

/** Messages of protocol buffers by name, and their fields. */
export type MessageSchema = Readonly<Record<string, Readonly<Record<string, MessageField>>>>;

export type MessageName = keyof typeof profileMessages;

interface Scalars {
  readonly bool: boolean;
  readonly double: number;
  readonly int32: number;
  readonly uint32: number;
  readonly fixed32: number;
  readonly int64: bigint;
  readonly uint64: bigint;
  readonly sint32: number;
  readonly fixed64: bigint;
  readonly sfixed64: bigint;
  readonly string: string;
  readonly bytes: Uint8Array;
}

type DraftValue<Schema extends MessageSchema, Type> = Type extends keyof Scalars
  ? Scalars[Type]
  : Type extends keyof Schema
    ? DraftOf<Schema, Type>
    : never;

/** A message of a schema, to write. A field that is left out has its zero value. */
export type DraftOf<Schema extends MessageSchema, Name extends keyof Schema> = {
  readonly [Field in keyof Schema[Name]]?: Schema[Name][Field] extends {
    readonly type: infer Type;
    readonly rule: 'repeated';
  }
    ? readonly DraftValue<Schema, Type>[]
    : Schema[Name][Field] extends { readonly type: infer Type }
      ? DraftValue<Schema, Type>
      : never;
};

/** One of profiles. */
export type Draft<Name extends MessageName> = DraftOf<typeof profileMessages, Name>;

type MessageValue<Schema extends MessageSchema, Type> = Type extends keyof Scalars
  ? Scalars[Type]
  : Type extends keyof Schema
    ? MessageOf<Schema, Type>
    : never;

/** A message that was read. Single fields that are not in it are absent; lists are always there. */
export type MessageOf<Schema extends MessageSchema, Name extends keyof Schema> = {
  readonly [Field in keyof Schema[Name] as Schema[Name][Field] extends {
    readonly rule: 'repeated';
  }
    ? Field
    : never]: Schema[Name][Field] extends { readonly type: infer Type }
    ? readonly MessageValue<Schema, Type>[]
    : never;
} & {
  readonly [Field in keyof Schema[Name] as Schema[Name][Field] extends {
    readonly rule: 'repeated';
  }
    ? never
    : Field]?: Schema[Name][Field] extends { readonly type: infer Type }
    ? MessageValue<Schema, Type>
    : never;
};

/** One of profiles. */
export type Message<Name extends MessageName> = MessageOf<typeof profileMessages, Name>;
