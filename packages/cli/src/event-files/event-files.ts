/**
 * All files of a recording. Where one cannot be written any more, the others go on, and how much is missing in
 * it is counted.
 */

import { OutputFailed } from '../profile-files/output-file.ts';
import { inWords } from '../profile-files/output-place.ts';
import { type EventLines, piecesOf } from './event-lines.ts';
import type { EventOutput } from './event-output.ts';
import { eventFormatOf } from './formats.ts';
import type { Rotation } from './rotating-file.ts';

export { OutputFailed };

interface Destination {
  readonly output: EventOutput;
  problem: string | undefined;
}

/** What came of the files. */
export interface FilesResult {
  readonly written: readonly string[];
  /** One sentence each: what is short, why, and where it is. */
  readonly problems: readonly string[];
  /** For the summary: `FILE short by N events`. */
  readonly short: readonly string[];
}

export class EventFiles implements Disposable {
  /** Events so far. */
  events = 0;
  readonly #destinations: readonly Destination[];
  #isFinished = false;

  private constructor(outputs: readonly EventOutput[]) {
    this.#destinations = outputs.map((output) => ({ output, problem: undefined }));
  }

  /**
   * Opens all of them, or none.
   *
   * @param paths with extensions that mistakeInOutputs() knows; `-` is left out.
   * @throws OutputFailed
   */
  static async open(paths: readonly string[], rotation?: Rotation): Promise<EventFiles> {
    const outputs: EventOutput[] = [];
    try {
      for (const path of paths) {
        const format = path === '-' ? undefined : eventFormatOf(path);
        if (format !== undefined) outputs.push(await format.open(path, rotation));
      }
    } catch (error) {
      for (const output of outputs) output.discard();
      throw error;
    }
    return new EventFiles(outputs);
  }

  /** @param others which lines are about no event, by index. */
  write(bytes: Uint8Array, others: readonly number[]): void | Promise<void> {
    return this.#writeAll(piecesOf(bytes, others));
  }

  #writeAll(pieces: Iterator<EventLines>): void | Promise<void> {
    for (let next = pieces.next(); !next.done; next = pieces.next()) {
      const waiting = this.add(next.value);
      // A pipe takes one piece after the other.
      if (waiting !== undefined) return waiting.then(() => this.#writeAll(pieces));
    }
  }

  /** Never fails: what cannot be written is said at the end. */
  add(lines: EventLines): void | Promise<void> {
    this.events += lines.count;
    const waiting: Promise<void>[] = [];
    for (const destination of this.#destinations) {
      if (destination.problem !== undefined) continue;
      try {
        const written = destination.output.write(lines);
        if (written !== undefined)
          waiting.push(written.catch((error: unknown) => failed(destination, error)));
      } catch (error) {
        failed(destination, error);
      }
    }
    if (waiting.length > 0) return Promise.all(waiting).then(() => {});
  }

  /** Puts them in their places. */
  async finish(): Promise<FilesResult> {
    this.#isFinished = true;
    const written: string[] = [];
    const problems: string[] = [];
    const short: string[] = [];
    for (const destination of this.#destinations) {
      const { output } = destination;
      try {
        if (destination.problem === undefined) {
          await output.finish();
          written.push(output.pieces ?? output.path);
          continue;
        }
      } catch (error) {
        failed(destination, error);
      }
      const missing = this.events - output.events;
      const where = await output.giveUp();
      const isSaid = where === output.path || destination.problem?.includes(where);
      const remains = isSaid ? '' : `; what came before is in ${where}`;
      problems.push(`${destination.problem}${remains}`);
      short.push(`${output.path} short by ${missing} events`);
    }
    return { written, problems, short };
  }

  /** Without finish(): what came stays, marked as not whole; where nothing came, nothing stays. */
  [Symbol.dispose](): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    if (this.events === 0) for (const { output } of this.#destinations) output.discard();
  }
}

function failed(destination: Destination, error: unknown): void {
  const { output } = destination;
  destination.problem = error instanceof OutputFailed ? error.message : inWords(output.path, error);
}
