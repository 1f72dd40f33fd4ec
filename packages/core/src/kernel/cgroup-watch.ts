// Notices that a cgroup is made again at its path, as systemd does when it restarts a service: its
// directory is another one then, and a filter that holds the old one sees nothing any more. By inotify
// on the directory above, so what starts within the first moments of the new cgroup can be missed.

import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';

export class CgroupWatch implements Disposable {
  readonly #watchers: FSWatcher[] = [];

  /** @param made is told the index of a path where something was made or removed. */
  constructor(paths: readonly string[], made: (index: number) => void) {
    for (const [index, path] of paths.entries()) {
      const whole = resolve(path);
      const name = basename(whole);
      try {
        const watcher = watch(dirname(whole), { persistent: false }, (_, changed) => {
          if (changed === null || changed === name) made(index);
        });
        // The directory above is gone: nothing can be made in it.
        watcher.on('error', () => watcher.close());
        this.#watchers.push(watcher);
      } catch {
        // Nothing to be watched, such as too many watches: the cgroup of now is followed.
      }
    }
  }

  close(): void {
    for (const watcher of this.#watchers.splice(0)) watcher.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
