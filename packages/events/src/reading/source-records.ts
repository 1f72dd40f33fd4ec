/**
 * Records of plugins' sources: what takes which, and how many there were. Those of process_events are
 * numbered with the events and go among them; those of a source's own ring come behind a batch.
 */

import type { RecordMemory, RecordReader, RecordReaderClass } from '@waggle/bpf';
import type { RingBuffer } from '@waggle/ffi';
import type { EventContext } from '../kinds/event-base.ts';
import { decodeOwnEvent, type OwnEvent } from '../kinds/own-event.ts';

/** A record on its way to its plugin, among events. */
export interface SourceRecord {
  readonly event: 'record';
  readonly plugin: string;
  /** Hands it to the plugin's handler; what that returned. */
  readonly deliver: () => unknown;
}

/** An event of a source's own, on its way to whoever observes it. */
export interface OwnEventItem {
  readonly event: 'own';
  readonly value: OwnEvent;
}

/** What takes one kind of record: a plugin, as a copy or in place, or the session's events. */
export type RecordRoute =
  | {
      readonly to: 'handler';
      readonly plugin: string;
      readonly reader: RecordReaderClass;
      readonly handle: (fields: never) => unknown;
    }
  | {
      readonly to: 'reader';
      readonly plugin: string;
      readonly reader: RecordReaderClass;
      readonly read: (record: never) => void;
    }
  | { readonly to: 'events'; readonly event: string; readonly reader: RecordReaderClass };

type Reading = RecordRoute & { readonly record: RecordReader & { copy(): object } };
type Item = SourceRecord | OwnEventItem;

interface OwnRing {
  readonly ring: RingBuffer;
  readonly readings: Reading[];
}

export class SourceRecords implements Disposable {
  readonly #byType = new Map<number, Reading[]>();
  readonly #rings = new Map<string, OwnRing>();
  /** Of process_events, whether somebody takes them or not. */
  delivered = 0;

  /** Records of process_events by their number. */
  routeType(type: number, route: RecordRoute): void {
    const known = this.#byType.get(type);
    if (known === undefined) this.#byType.set(type, [readingOf(route)]);
    else known.push(readingOf(route));
  }

  /** A ring, opened once, that carries one kind of record. Closed with these. */
  routeRing(key: string, open: () => RingBuffer, route: RecordRoute): void {
    const known = this.#rings.get(key) ?? { ring: open(), readings: [] };
    this.#rings.set(key, known);
    known.readings.push(readingOf(route));
  }

  /** Descriptors of sources' own rings, to be woken by. */
  get descriptors(): readonly number[] {
    return [...this.#rings.values()].map(({ ring }) => ring.map.fd);
  }

  /** A record of process_events: adds what is to be delivered, nothing where nobody takes it. */
  take(
    type: number,
    memory: RecordMemory,
    offset: number,
    context: EventContext,
    add: (item: Item) => void,
  ): void {
    this.delivered++;
    for (const reading of this.#byType.get(type) ?? []) read(reading, memory, offset, context, add);
  }

  /** What sources' own rings have now. */
  readRings(limit: number, context: EventContext, add: (item: Item) => void): void {
    for (const { ring, readings } of this.#rings.values())
      ring.drain((memory, offset) => {
        for (const reading of readings) read(reading, memory, offset, context, add);
      }, limit);
  }

  [Symbol.dispose](): void {
    for (const { ring } of this.#rings.values()) ring.close();
    this.#rings.clear();
  }
}

function readingOf(route: RecordRoute): Reading {
  return { ...route, record: new route.reader() };
}

/** The memory is the kernel's again soon: what goes on from here is copied. */
function read(
  reading: Reading,
  memory: RecordMemory,
  offset: number,
  context: EventContext,
  add: (item: Item) => void,
): void {
  const { record } = reading;
  if (reading.to === 'events') {
    add({ event: 'own', value: decodeOwnEvent(reading.event, record, memory, offset, context) });
    return;
  }
  const { plugin } = reading;
  if (reading.to === 'handler') {
    const fields = record.at(memory, offset).copy();
    add({ event: 'record', plugin, deliver: () => reading.handle(fields as never) });
    return;
  }
  try {
    reading.read(record.at(memory, offset) as never);
  } catch (error) {
    // A failure of the plugin's, counted where those of handlers are.
    const deliver = () => {
      throw error;
    };
    add({ event: 'record', plugin, deliver });
  }
}
