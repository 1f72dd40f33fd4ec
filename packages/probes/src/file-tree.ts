/**
 * Files as the processes of one root see them: ours, or a container's. A path there may lead over links
 * that our own root would answer differently, so that such files are opened once and named by descriptor.
 */
import { closeSync, realpathSync, statSync } from 'node:fs';
import { isOwnRoot, isSystemError, openUnderRoot } from '@waggle/symbols';
import type { ProbedObject } from './probed-object.ts';

export class FileTree implements Disposable {
  /** `/`, or `/proc/PID/root`. */
  readonly root: string;
  readonly #isOurs: boolean;
  readonly #open = new Map<string, ProbedObject | undefined>();
  readonly #descriptors: number[] = [];

  constructor(root = '/') {
    this.root = root;
    this.#isOurs = isOwnRoot(root);
  }

  /** The regular file at an absolute path; undefined when there is none. */
  file(path: string): ProbedObject | undefined {
    if (!this.#open.has(path)) this.#open.set(path, this.#find(path));
    return this.#open.get(path);
  }

  [Symbol.dispose](): void {
    for (const descriptor of this.#descriptors.splice(0)) closeSync(descriptor);
  }

  #find(path: string): ProbedObject | undefined {
    try {
      if (this.#isOurs) {
        const real = realpathSync(path);
        return statSync(real).isFile() ? { path: real, shown: real } : undefined;
      }
    } catch (error) {
      if (isSystemError(error)) return undefined;
      throw error;
    }
    const descriptor = openUnderRoot(this.root, path);
    if (descriptor === undefined) return undefined;
    this.#descriptors.push(descriptor);
    return { path: `/proc/self/fd/${descriptor}`, shown: path, root: this.root };
  }
}
