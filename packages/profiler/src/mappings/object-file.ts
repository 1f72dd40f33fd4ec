/** An object: what a file held when it was mapped. Plain data; object-files.ts makes them. */

import type { FileContent } from './file-content.ts';

/**
 * Why an object's content cannot be had: its file was gone before it could be opened, it was changed
 * after it was mapped, or too many are open.
 */
export type NoContent = 'gone' | 'changed' | 'limit';

export interface ObjectFile {
  readonly key: string;
  readonly path: string;
  /** Open for reading; undefined when there is no file to read. */
  readonly fd: number | undefined;
  /** What `fd` held when it was mapped; undefined when it is not known, and for what is no file. */
  readonly content: FileContent | undefined;
  readonly missing: NoContent | undefined;
  /**
   * The device of a file that may not answer (file-systems.ts): `fd` only says which file it is (O_PATH), and
   * it is read by another process (remote-files.ts).
   */
  readonly remote?: string | undefined;
}
