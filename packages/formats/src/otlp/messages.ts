/** Between messages as plain objects and their bytes, which protobufjs makes by our schema. */
import type { Type } from 'protobufjs/light.js';
import type { Draft, Message, MessageName } from './message.ts';
import { protobuf } from './protobuf.ts';
import { messages } from './schema.ts';

const types = new Map<MessageName, Type>();

interface Field {
  readonly id: number;
  readonly type: string;
  readonly oneof?: string;
}

/** Of the fields of one of these one is set, and it counts even when it is 0 or empty. */
function oneofsOf(fields: Readonly<Record<string, Field>>): Record<string, { oneof: string[] }> {
  const oneofs: Record<string, { oneof: string[] }> = {};
  for (const [field, { oneof }] of Object.entries(fields)) {
    if (oneof === undefined) continue;
    oneofs[oneof] ??= { oneof: [] };
    oneofs[oneof].oneof.push(field);
  }
  return oneofs;
}

/** Made at first use: most programs that have this package write other formats. */
function typeOf(name: MessageName): Type {
  if (types.size === 0) {
    const root = protobuf().Root.fromJSON({
      nested: Object.fromEntries(
        Object.entries<Record<string, Field>>(messages).map(([each, fields]) => [
          each,
          { fields, oneofs: oneofsOf(fields) },
        ]),
      ),
    });
    for (const each of Object.keys(messages) as MessageName[])
      types.set(each, root.lookupType(each));
  }
  return types.get(name) as Type;
}

export function encodeMessage<Name extends MessageName>(
  name: Name,
  message: Draft<Name>,
): Uint8Array {
  const type = typeOf(name);
  return type.encode(type.fromObject(message)).finish();
}

/** @throws an Error when the bytes are no such message. */
export function decodeMessage<Name extends MessageName>(
  name: Name,
  bytes: Uint8Array,
): Message<Name> {
  const type = typeOf(name);
  return type.toObject(type.decode(bytes), { longs: BigInt, arrays: true }) as Message<Name>;
}

/** The same of a message as JSON, in the mapping of protocol buffers. @throws as `decodeMessage`. */
export function decodeJsonMessage<Name extends MessageName>(
  name: Name,
  value: Readonly<Record<string, unknown>>,
): Message<Name> {
  const type = typeOf(name);
  return type.toObject(type.fromObject(value), { longs: BigInt, arrays: true }) as Message<Name>;
}
