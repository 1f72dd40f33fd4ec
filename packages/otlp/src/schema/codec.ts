/** The messages of logs and metrics, to bytes. */

import { type DraftOf, logAndMetricMessages, MessageCodec } from '@waggle/formats';

export type Draft<Name extends keyof typeof logAndMetricMessages> = DraftOf<
  typeof logAndMetricMessages,
  Name
>;

export const codec = new MessageCodec(logAndMetricMessages);

/** What stands before a field that has bytes of its own: its number and the wire type 2. */
export const lengthTag = (id: number): number => (id << 3) | 2;
