/** A message as a plain object, to be written or as it was read, by the schema. */
import type { messages } from './schema.ts';

type Messages = typeof messages;
export type MessageName = keyof Messages;

interface Scalars {
  readonly bool: boolean;
  readonly double: number;
  readonly int32: number;
  readonly uint32: number;
  readonly int64: bigint;
  readonly uint64: bigint;
  readonly fixed64: bigint;
  readonly string: string;
  readonly bytes: Uint8Array;
}

type DraftValue<Type> = Type extends keyof Scalars
  ? Scalars[Type]
  : Type extends MessageName
    ? Draft<Type>
    : never;

/** A message to write. A field that is left out has its zero value. */
export type Draft<Name extends MessageName> = {
  readonly [Field in keyof Messages[Name]]?: Messages[Name][Field] extends {
    readonly type: infer Type;
    readonly rule: 'repeated';
  }
    ? readonly DraftValue<Type>[]
    : Messages[Name][Field] extends { readonly type: infer Type }
      ? DraftValue<Type>
      : never;
};

type MessageValue<Type> = Type extends keyof Scalars
  ? Scalars[Type]
  : Type extends MessageName
    ? Message<Type>
    : never;

/** A message that was read. Single fields that are not in it are absent; lists are always there. */
export type Message<Name extends MessageName> = {
  readonly [Field in keyof Messages[Name] as Messages[Name][Field] extends {
    readonly rule: 'repeated';
  }
    ? Field
    : never]: Messages[Name][Field] extends { readonly type: infer Type }
    ? readonly MessageValue<Type>[]
    : never;
} & {
  readonly [Field in keyof Messages[Name] as Messages[Name][Field] extends {
    readonly rule: 'repeated';
  }
    ? never
    : Field]?: Messages[Name][Field] extends { readonly type: infer Type }
    ? MessageValue<Type>
    : never;
};
