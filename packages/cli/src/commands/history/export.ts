/** `waggle history -o FILE`: what ran, in files by their extension. */

import type { StoreReader } from '@waggle/store';
import { PartialFile } from '../../event-files/partial-file.ts';
import { FAILED, USAGE_ERROR } from '../../exit-code.ts';
import { OutputFailed } from '../../profile-files/output-file.ts';
import { inWords } from '../../profile-files/output-place.ts';
import { say } from '../../terminal/messages.ts';
import { jsonLine } from './json.ts';
import type { HistoryOptions } from './options.ts';
import { sayWhatIsKept, withStore } from './with-store.ts';

const CHUNK = 64 * 1024;

interface EntryFile {
  add(entry: Parameters<typeof jsonLine>[0]): void;
  finish(): void;
  discard(): void;
}

const FORMATS: Readonly<Record<string, (path: string) => Promise<EntryFile>>> = {
  '.parquet': async (path) => new (await import('./parquet.ts')).ParquetFile(path),
  '.jsonl': async (path) => new JsonLinesFile(path),
};

const extensionOf = (path: string): string | undefined =>
  Object.keys(FORMATS).find((extension) => path.toLowerCase().endsWith(extension));

export async function exportHistory(
  options: HistoryOptions,
  paths: readonly string[],
): Promise<number> {
  for (const path of paths)
    if (extensionOf(path) === undefined) {
      say(
        `${path}: history is written as ${Object.keys(FORMATS).join(' or ')}; \`waggle history profile -o\` writes profiles`,
      );
      return USAGE_ERROR;
    }
  const { since, until, failed, comm, store } = options;
  return withStore(store, async (reader) => {
    const query = { sinceNs: since, untilNs: until, failed, comm };
    for (const path of paths) {
      const result = await write(reader, query, path);
      if (typeof result === 'string') {
        say(result);
        return FAILED;
      }
      if (result === 0) sayWhatIsKept(reader, 'nothing that fits');
      say(`${result} processes and failed execs in ${path}`);
    }
    return 0;
  });
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
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EIO') return inWords(path, error);
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
