/**
 * The timeline page. It is made at the end, of the whole recording; until then the events are in
 * FILE.partial.jsonl, which a kill leaves, and which `waggle convert` makes the page of.
 */

import { createReadStream } from 'node:fs';
import { ProcessHistory, readEvents, timelinePage } from '@waggle/timeline';
import { OutputFailed, writeOutputFile } from '../profile-files/output-file.ts';
import type { EventLines } from './event-lines.ts';
import type { EventOutput } from './event-output.ts';
import { PartialFile } from './partial-file.ts';

export class PageOutput implements EventOutput {
  readonly path: string;
  events = 0;
  readonly #spool: PartialFile;

  /** @throws OutputFailed */
  constructor(path: string) {
    this.path = path;
    this.#spool = PartialFile.at(path, '.jsonl');
  }

  write({ bytes, count }: EventLines): void {
    this.#spool.append(bytes);
    this.events += count;
  }

  async finish(): Promise<void> {
    try {
      await this.#writePage();
    } catch (error) {
      if (!(error instanceof OutputFailed)) throw error;
      throw new OutputFailed(`${error.message}; its events are in ${this.#spool.location}`);
    }
    this.#spool.discard();
  }

  /** What came before the disk was full may make a page nevertheless: it is a fraction of the events. */
  async giveUp(): Promise<string> {
    const { existing } = this.#spool.place;
    if (existing === undefined)
      try {
        await this.#writePage();
        this.#spool.discard();
        return this.path;
      } catch {
        // The events stay.
      }
    this.#spool.close();
    return this.#spool.location;
  }

  discard(): void {
    this.#spool.discard();
  }

  async #writePage(): Promise<void> {
    const history = new ProcessHistory();
    const bytes = createReadStream(this.#spool.readablePath, { highWaterMark: 1 << 20 });
    await readEvents(bytes, (event) => history.add(event));
    await writeOutputFile(this.path, timelinePage(history), { isPrivate: true });
  }
}
