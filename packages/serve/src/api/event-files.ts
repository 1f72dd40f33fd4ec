/** Events of a span as files, as `trace -o` writes them: a table, a trace for Perfetto, a SQLite database. */

import { Database } from 'bun:sqlite';
import {
  CSV_HEADER,
  csvRow,
  PerfettoEvents,
  parseEvent,
  type RecordedEvent,
  SqliteEvents,
} from '@waggle/timeline';
import { turns } from '../turns.ts';

interface EventFile {
  readonly type: string;
  begin(): EventWriter;
}

interface EventWriter extends Disposable {
  add(event: RecordedEvent): void;
  /** All of it. */
  end(): string | Uint8Array;
}

/** By extension. */
const EVENT_FILES: Readonly<Record<string, EventFile>> = {
  csv: { type: 'text/csv; charset=utf-8', begin: csv },
  pftrace: { type: 'application/vnd.perfetto.trace', begin: perfetto },
  db: { type: 'application/vnd.sqlite3', begin: database },
};

export const EVENT_FILE_FORMATS: readonly string[] = Object.keys(EVENT_FILES);

export function eventFileOf(format: string): EventFile | undefined {
  return Object.hasOwn(EVENT_FILES, format) ? EVENT_FILES[format] : undefined;
}

/** @param lines the oldest first */
export async function writeEvents(
  file: EventFile,
  lines: readonly string[],
): Promise<string | Uint8Array> {
  const pause = turns();
  using writer = file.begin();
  for (const line of lines) {
    const event = parseEvent(line);
    if (event !== undefined) writer.add(event);
    await pause();
  }
  return writer.end();
}

function csv(): EventWriter {
  const rows = [CSV_HEADER];
  return {
    add: (event) => void rows.push(csvRow(event)),
    end: () => rows.join(''),
    [Symbol.dispose]() {},
  };
}

function perfetto(): EventWriter {
  const packets = new PerfettoEvents();
  return {
    add: (event) => packets.add(event),
    end: () => packets.take(),
    [Symbol.dispose]() {},
  };
}

function database(): EventWriter {
  const memory = new Database(':memory:');
  const events = new SqliteEvents(memory);
  return {
    add: (event) => events.add(event),
    end() {
      events.complete();
      return memory.serialize();
    },
    [Symbol.dispose]: () => memory.close(),
  };
}
