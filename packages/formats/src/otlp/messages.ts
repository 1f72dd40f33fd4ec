/** The messages of profiles, to bytes and back. */
import type { Draft, Message, MessageName } from './message.ts';
import { MessageCodec } from './message-codec.ts';
import { profileMessages } from './schema.ts';

const codec = new MessageCodec(profileMessages);

export function encodeMessage<Name extends MessageName>(
  name: Name,
  message: Draft<Name>,
): Uint8Array {
  return codec.encode(name, message);
}

/** @throws Error when the bytes are no such message. */
export function decodeMessage<Name extends MessageName>(
  name: Name,
  bytes: Uint8Array,
): Message<Name> {
  return codec.decode(name, bytes);
}

/** The same of a message as JSON, in the mapping of protocol buffers. @throws Error as `decodeMessage` */
export function decodeJsonMessage<Name extends MessageName>(
  name: Name,
  value: Readonly<Record<string, unknown>>,
): Message<Name> {
  return codec.decodeJson(name, value);
}
