/**
 * What ran as a Parquet file: a row for each process and each failed exec, told apart by `event`. Rows are written in
 * groups, so that memory does not grow with the span. Times are nanoseconds since 1970 in UTC.
 */

import type { HistoryEntry } from '@waggle/store';
import { stringifyJson } from '@waggle/text';
import { ByteWriter, ParquetWriter, type SchemaElement } from 'hyparquet-writer';
import { PartialFile } from '../../event-files/partial-file.ts';

const GROUP_ROWS = 20_000;
/** Of text in the rows of a group: arguments may be as long as records have room for. */
const GROUP_CHARACTERS = 8 << 20;

const TEXT = { type: 'BYTE_ARRAY', converted_type: 'UTF8' } as const;
const INT = { type: 'INT64' } as const;
const FLAG = { type: 'BOOLEAN' } as const;
const TIME = {
  type: 'INT64',
  logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'NANOS' },
} as const;

type Kind = typeof TEXT | typeof INT | typeof FLAG | typeof TIME;
type Value = string | bigint | boolean | null;

interface Column {
  readonly name: string;
  readonly kind: Kind;
  readonly of: (entry: HistoryEntry) => Value;
}

const whole = (value: number | bigint | null | undefined): bigint | null =>
  value === null || value === undefined ? null : BigInt(value);

/** Of a process; null for a failed exec. */
const process =
  (read: (entry: Extract<HistoryEntry, { readonly event: 'process' }>) => Value) =>
  (entry: HistoryEntry): Value =>
    entry.event === 'process' ? read(entry) : null;

const COLUMNS: readonly Column[] = [
  { name: 'event', kind: TEXT, of: ({ event }) => event },
  {
    name: 'start',
    kind: TIME,
    of: (entry) => (entry.event === 'process' ? entry.startNs : entry.timeNs),
  },
  { name: 'end', kind: TIME, of: process(({ endNs }) => endNs) },
  {
    name: 'lifetimeNs',
    kind: INT,
    of: process(({ startNs, endNs }) => (endNs === null ? null : endNs - startNs)),
  },
  { name: 'pid', kind: INT, of: ({ pid }) => BigInt(pid) },
  { name: 'ppid', kind: INT, of: ({ ppid }) => whole(ppid) },
  { name: 'startTime', kind: INT, of: ({ startTime }) => startTime },
  { name: 'comm', kind: TEXT, of: ({ comm }) => comm },
  {
    name: 'argv',
    kind: TEXT,
    of: ({ argv }) => (argv === null ? null : stringifyJson(argv)),
  },
  { name: 'filename', kind: TEXT, of: ({ filename }) => filename },
  { name: 'uid', kind: INT, of: ({ uid }) => whole(uid) },
  { name: 'containerId', kind: TEXT, of: ({ containerId }) => containerId },
  { name: 'cgroup', kind: TEXT, of: process(({ cgroup }) => cgroup) },
  { name: 'execs', kind: INT, of: process(({ execs }) => BigInt(execs)) },
  { name: 'exitCode', kind: INT, of: process(({ exitCode }) => whole(exitCode)) },
  { name: 'signal', kind: TEXT, of: process(({ signal }) => signal) },
  { name: 'coreDumped', kind: FLAG, of: process(({ coreDumped }) => coreDumped) },
  { name: 'userNs', kind: INT, of: process(({ userNs }) => userNs) },
  { name: 'systemNs', kind: INT, of: process(({ systemNs }) => systemNs) },
  { name: 'maxRssBytes', kind: INT, of: process(({ maxRssBytes }) => maxRssBytes) },
  { name: 'majorFaults', kind: INT, of: process(({ majorFaults }) => whole(majorFaults)) },
  { name: 'readBytes', kind: INT, of: process(({ readBytes }) => readBytes) },
  { name: 'writeBytes', kind: INT, of: process(({ writeBytes }) => writeBytes) },
  {
    name: 'error',
    kind: TEXT,
    of: (entry) => (entry.event === 'failed-exec' ? entry.error : null),
  },
  { name: 'id', kind: INT, of: process(({ id }) => BigInt(id)) },
  { name: 'parent', kind: INT, of: process(({ parent }) => whole(parent)) },
];

const SCHEMA: SchemaElement[] = [
  { name: 'waggle', num_children: COLUMNS.length },
  ...COLUMNS.map(({ name, kind }) => ({ name, repetition_type: 'OPTIONAL' as const, ...kind })),
];

/** Of what may be long. */
function charactersOf({ argv, filename }: HistoryEntry): number {
  let count = filename?.length ?? 0;
  for (const word of argv ?? []) count += word.length;
  return count;
}

export class ParquetFile {
  readonly #file: PartialFile;
  readonly #bytes = new ByteWriter();
  readonly #writer: ParquetWriter;
  #rows: HistoryEntry[] = [];
  #characters = 0;

  /** @throws OutputFailed */
  constructor(path: string) {
    this.#file = PartialFile.at(path);
    this.#writer = new ParquetWriter({
      writer: this.#bytes,
      schema: SCHEMA,
      createdBy: 'waggle history',
    });
  }

  /** @throws NodeJS.ErrnoException */
  add(entry: HistoryEntry): void {
    this.#rows.push(entry);
    this.#characters += charactersOf(entry);
    if (this.#rows.length >= GROUP_ROWS || this.#characters >= GROUP_CHARACTERS) this.#writeGroup();
  }

  /** Puts it in its place. @throws OutputFailed, or the system's error */
  finish(): void {
    this.#writeGroup();
    this.#writer.finish();
    this.#append();
    this.#file.finish();
  }

  discard(): void {
    this.#file.discard();
  }

  #writeGroup(): void {
    const rows = this.#rows;
    this.#rows = [];
    this.#characters = 0;
    if (rows.length === 0) return;
    this.#writer.write({
      columnData: COLUMNS.map(({ name, of }) => ({ name, data: rows.map(of) })),
      rowGroupSize: rows.length,
    });
    this.#append();
  }

  /** Where the writer is in the file it counts by itself. */
  #append(): void {
    const bytes = this.#bytes;
    this.#file.append(new Uint8Array(bytes.buffer, 0, bytes.index));
    bytes.index = 0;
  }
}
