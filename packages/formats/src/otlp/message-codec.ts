/** Between messages as plain objects and their bytes, which protobufjs makes by a schema. */
import type { Type } from 'protobufjs/light.js';
import type { DraftOf, MessageField, MessageOf, MessageSchema } from './message.ts';
import { protobuf } from './protobuf.ts';

/** Of the fields of one of these one is set, and it counts even when it is 0 or empty. */
function oneofsOf(
  fields: Readonly<Record<string, MessageField>>,
): Record<string, { oneof: string[] }> {
  const oneofs: Record<string, { oneof: string[] }> = {};
  for (const [field, { oneof }] of Object.entries(fields)) {
    if (oneof === undefined) continue;
    oneofs[oneof] ??= { oneof: [] };
    oneofs[oneof].oneof.push(field);
  }
  return oneofs;
}

/** The messages of one schema. protobufjs is loaded at first use. */
export class MessageCodec<const Schema extends MessageSchema> {
  readonly #schema: Schema;
  readonly #types = new Map<keyof Schema, Type>();

  constructor(schema: Schema) {
    this.#schema = schema;
  }

  encode<Name extends keyof Schema & string>(
    name: Name,
    message: DraftOf<Schema, Name>,
  ): Uint8Array {
    const type = this.#typeOf(name);
    return type.encode(type.fromObject(message)).finish();
  }

  /** @throws Error when the bytes are no such message. */
  decode<Name extends keyof Schema & string>(
    name: Name,
    bytes: Uint8Array,
  ): MessageOf<Schema, Name> {
    const type = this.#typeOf(name);
    return this.#plain(type, type.decode(bytes)) as MessageOf<Schema, Name>;
  }

  /** The same of a message as JSON, in the mapping of protocol buffers. @throws Error as `decode` */
  decodeJson<Name extends keyof Schema & string>(
    name: Name,
    value: Readonly<Record<string, unknown>>,
  ): MessageOf<Schema, Name> {
    const type = this.#typeOf(name);
    return this.#plain(type, type.fromObject(value)) as MessageOf<Schema, Name>;
  }

  #plain(type: Type, message: ReturnType<Type['decode']>): object {
    return type.toObject(message, { longs: BigInt, arrays: true });
  }

  #typeOf(name: keyof Schema & string): Type {
    if (this.#types.size === 0) {
      const root = protobuf().Root.fromJSON({
        nested: Object.fromEntries(
          Object.entries(this.#schema).map(([each, fields]) => [
            each,
            { fields: { ...fields }, oneofs: oneofsOf(fields) },
          ]),
        ),
      });
      for (const each of Object.keys(this.#schema)) this.#types.set(each, root.lookupType(each));
    }
    return this.#types.get(name) as Type;
  }
}
