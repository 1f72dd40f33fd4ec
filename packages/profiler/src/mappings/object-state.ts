/**
 * What is kept of an object is kept under the state of its file. Files are asked each time, and some do not answer: the
 * server of a FUSE or NFS mount may be gone while programs from there still run.
 */

import { stateOf } from './file-content.ts';
import type { ObjectFile } from './object-file.ts';
import { VDSO } from './object-files.ts';

/** Undefined where there is no file, or none that answers. */
export function stateOfObject({ fd, path }: ObjectFile): string | undefined {
  if (path === VDSO) return VDSO;
  if (fd === undefined) return undefined;
  try {
    return stateOf(fd);
  } catch {
    return undefined;
  }
}
