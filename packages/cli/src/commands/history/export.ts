/** `waggle history -o FILE`: what ran, in files by their extension. */

import type { HistoryQuery, StoreReader } from '@waggle/store';
import { isSystemError } from '@waggle/symbols/system-error';
import { eventFormatOf } from '../../event-files/formats.ts';
import { PartialFile } from '../../event-files/partial-file.ts';
import { FAILED, USAGE_ERROR } from '../../exit-code.ts';
import { OutputFailed } from '../../profile-files/output-file.ts';
import { inWords } from '../../profile-files/output-place.ts';
import { say } from '../../terminal/messages.ts';
import { jsonLine } from './json.ts';
import type { HistoryOptions } from './options.ts';
import { sayWhatIsKept, withStore } from './with-store.ts';

const CHUNK = 64 * 1024;

/** Of the disk that is written to, not of the store. */
const DISK_FAILURES: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EIO']);

interface EntryFile {
  add(entry: Parameters<typeof jsonLine>[0]): void;
  finish(): void;
  discard(): void;
}

const FORMATS: Readonly<Record<string, (path: string) => Promise<EntryFile>>> = {
  '.parquet': async (path) => new (await import('./parquet.ts')).ParquetFile(path),
  '.jsonl': async (path) => new JsonLinesFile(path),
};

/** Those of `trace -o`: events, made of rows. */
const EVENT_EXTENSIONS = ['.csv', '.html', '.pftrace', '.db'];

const extensionOf = (path: string): string | undefined =>
  Object.keys(FORMATS).find((extension) => path.toLowerCase().endsWith(extension));

export async function exportHistory(
  options: HistoryOptions,
  paths: readonly string[],
): Promise<number> {
  const asRows = paths.filter((path) => extensionOf(path) !== undefined);
  const asEvents = paths.filter((path) => extensionOf(path) === undefined);
  const unknown = asEvents.find((path) => path === '-' || eventFormatOf(path) === undefined);
  if (unknown !== undefined) {
    say(
      `${unknown}: history is written as ${[...Object.keys(FORMATS), ...EVENT_EXTENSIONS].join(', ')}; \`waggle history profile -o\` writes profiles`,
    );
    return USAGE_ERROR;
  }
  const { since, until, failed, comm, store } = options;
  return withStore(store, async (reader) => {
    const query = { sinceNs: since, untilNs: until, failed, comm };
    for (const path of asRows) {
      const result = await write(reader, query, path);
      if (typeof result === 'string') {
        say(result);
        return FAILED;
      }
      if (result === 0) sayWhatIsKept(reader, 'nothing that fits');
      say(`${result} processes and failed execs in ${path}`);
    }
    return asEvents.length === 0 ? 0 : writeEvents(reader, query, asEvents);
  });
}

/** @returns the exit code */
async function writeEvents(
  reader: StoreReader,
  query: HistoryQuery,
  paths: readonly string[],
): Promise<number> {
  const { exportEvents } = await import('./event-export.ts');
  try {
    const { events, written, problems } = await exportEvents(reader, query, paths);
    if (events === 0) sayWhatIsKept(reader, 'nothing that fits');
    for (const path of written) say(`${events} events in ${path}`);
    for (const problem of problems) say(problem);
    return problems.length > 0 ? FAILED : 0;
  } catch (error) {
    if (!(error instanceof OutputFailed)) throw error;
    say(error.message);
    return FAILED;
  }
}

/** @returns how many, or in words why there is no file */
async function write(
  reader: StoreReader,
  query: Parameters<StoreReader['history']>[0],
  path: string,
): Promise<number | string> {
  let file: EntryFile | undefined;
  try {
    file = await FORMATS[extensionOf(path) ?? '']?.(path);
    let count = 0;
    for (const entry of reader.history(query)) {
      file?.add(entry);
      count++;
    }
    file?.finish();
    return count;
  } catch (error) {
    if (error instanceof OutputFailed) return error.message;
    file?.discard();
    if (isSystemError(error) && DISK_FAILURES.has(error.code)) return inWords(path, error);
    throw error;
  }
}

class JsonLinesFile implements EntryFile {
  readonly #file: PartialFile;
  #text = '';

  constructor(path: string) {
    this.#file = PartialFile.at(path);
  }

  add(entry: Parameters<typeof jsonLine>[0]): void {
    this.#text += jsonLine(entry);
    if (this.#text.length >= CHUNK) this.#append();
  }

  finish(): void {
    this.#append();
    this.#file.finish();
  }

  discard(): void {
    this.#file.discard();
  }

  #append(): void {
    this.#file.append(new TextEncoder().encode(this.#text));
    this.#text = '';
  }
}
