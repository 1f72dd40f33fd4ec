/** Stacks by their numbers, and the frames that they are made of. */

import type { Database } from 'bun:sqlite';
import type { FrameKind, ProfileFrame } from '@waggle/formats';

/** Of a stack: several times what is walked (1,143), with what was inlined, as numbers of seven digits. */
const MAX_FRAMES = 8192;
const MAX_FRAME_BYTES = 8 * MAX_FRAMES;
/** Its row was on a page that is damaged. */
const LOST_FRAME: ProfileFrame = { name: '[lost]', kind: 'unresolved' };

export class StackReader {
  readonly #frames = new Map<number, ProfileFrame | undefined>();
  readonly #stack: ReturnType<Database['query']>;
  readonly #frame: ReturnType<Database['query']>;

  constructor(database: Database) {
    this.#stack = database.query(
      `SELECT substr(frames, 1, ${MAX_FRAME_BYTES}) AS frames FROM stack WHERE id = ?`,
    );
    this.#frame = database.query('SELECT name, kind, object FROM frame WHERE id = ?');
  }

  /** From the root on; undefined for one that is not there. */
  framesOf(stack: number): readonly ProfileFrame[] | undefined {
    const row = this.#stack.get(stack) as { readonly frames: Uint8Array } | null;
    if (row === null) return undefined;
    const text = new TextDecoder().decode(row.frames);
    const ids = text === '' ? [] : text.split(',', MAX_FRAMES).map(Number);
    return ids.map((id) => this.#frameOf(id) ?? LOST_FRAME);
  }

  #frameOf(id: number): ProfileFrame | undefined {
    if (this.#frames.has(id)) return this.#frames.get(id);
    const row = this.#frame.get(id) as {
      readonly name: string;
      readonly kind: FrameKind;
      readonly object: string | null;
    } | null;
    const frame =
      row === null
        ? undefined
        : {
            name: row.name,
            kind: row.kind,
            ...(row.object === null ? {} : { object: row.object }),
          };
    this.#frames.set(id, frame);
    return frame;
  }
}
