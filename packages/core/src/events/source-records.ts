// Records of plugins' sources: which plugin takes which, and how many there were. Those of process_events
// are numbered with the events and go among them; those of a source's own ring come behind a batch.

import type { RecordMemory, RecordReader, RecordReaderClass } from '@waggle/bpf';
import type { RingBuffer } from '@waggle/ffi';

/** A record on its way to its plugin, among events. */
export interface SourceRecord {
  readonly event: 'record';
  readonly plugin: string;
  /** Hands it to the plugin's handler; what that returned. */
  readonly deliver: () => unknown;
}

/** What takes one kind of record. */
export interface RecordRoute {
  readonly plugin: string;
  readonly reader: RecordReaderClass;
  readonly handle: (fields: never) => unknown;
}

interface Reading {
  readonly route: RecordRoute;
  readonly reader: RecordReader & { copy(): object };
}

interface OwnRing {
  readonly ring: RingBuffer;
  readonly reading: Reading;
}

export class SourceRecords implements Disposable {
  readonly #byType = new Map<number, Reading>();
  readonly #rings: OwnRing[] = [];
  /** Of process_events, whether somebody takes them or not. */
  delivered = 0;

  /** Records of process_events by their number. */
  routeType(type: number, route: RecordRoute): void {
    this.#byType.set(type, { route, reader: new route.reader() });
  }

  /** A ring that carries one kind of record. Closed with these. */
  routeRing(ring: RingBuffer, route: RecordRoute): void {
    this.#rings.push({ ring, reading: { route, reader: new route.reader() } });
  }

  /** Descriptors of sources' own rings, to be woken by. */
  get descriptors(): readonly number[] {
    return this.#rings.map(({ ring }) => ring.map.fd);
  }

  /** A record of process_events as something to deliver; undefined where nobody takes it. */
  take(type: number, memory: RecordMemory, offset: number): SourceRecord | undefined {
    this.delivered++;
    const reading = this.#byType.get(type);
    return reading === undefined ? undefined : recordOf(reading, memory, offset);
  }

  /** What sources' own rings have now. */
  readRings(limit: number): SourceRecord[] {
    const records: SourceRecord[] = [];
    for (const { ring, reading } of this.#rings)
      ring.drain((memory, offset) => records.push(recordOf(reading, memory, offset)), limit);
    return records;
  }

  [Symbol.dispose](): void {
    for (const { ring } of this.#rings.splice(0)) ring.close();
  }
}

/** The memory is the kernel's again soon: the fields are copied. */
function recordOf({ route, reader }: Reading, memory: RecordMemory, offset: number): SourceRecord {
  const fields = reader.at(memory, offset).copy();
  return { event: 'record', plugin: route.plugin, deliver: () => route.handle(fields as never) };
}
