/** The messages of logs and metrics, to bytes. */

import { type DraftOf, MessageCodec } from '@waggle/formats';
import { messages } from './schema.ts';

export type Draft<Name extends keyof typeof messages> = DraftOf<typeof messages, Name>;

export const codec = new MessageCodec(messages);

/** What stands before a field that has bytes of its own: its number and the wire type 2. */
export const lengthTag = (id: number): number => (id << 3) | 2;
