// Programs that run from overlay file systems, as those of containers do.

import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** Folders of a file system that an overlay may lie over, wherever the folder is: a root may be an overlay itself. */
export class OverlayLayers implements Disposable {
  readonly #folder: string;
  #layers = 0;

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder);
    run('mount', '-t', 'tmpfs', 'layers', folder);
  }

  /** A folder with a copy of a program, by that name, in it; with no program an empty one. */
  of(program?: string, name = ''): string {
    const layer = join(this.#folder, `layer_${this.#layers++}`);
    mkdirSync(layer);
    if (program !== undefined) copyFileSync(program, join(layer, name));
    return layer;
  }

  [Symbol.dispose](): void {
    Bun.spawnSync(['umount', '-l', this.#folder]);
  }
}

/** An overlay that everybody on the host sees, as container engines mount them. */
export class OverlayMount implements Disposable {
  readonly path: string;

  constructor(path: string, layers: readonly string[]) {
    this.path = path;
    mkdirSync(path);
    run('mount', '-t', 'overlay', 'overlay', '-o', `lowerdir=${layers.join(':')}`, path);
  }

  [Symbol.dispose](): void {
    Bun.spawnSync(['umount', '-l', this.path]);
  }
}

/**
 * The command line of a program in an overlay that only it sees.
 * @param hides what is unmounted again for it, so that no list of mounts has it any more
 */
export function inOwnOverlay(
  path: string,
  layers: readonly string[],
  { program, args, hides }: { program: string; args: readonly string[]; hides?: string },
): string[] {
  mkdirSync(path);
  const script = [
    'set -e; layers=$1 path=$2 hides=$3 program=$4; shift 4',
    'mount -t overlay overlay -o "lowerdir=$layers" "$path"',
    '[ -z "$hides" ] || umount -l "$hides"',
    'exec "$path/$program" "$@"',
  ].join('\n');
  const values = [layers.join(':'), path, hides ?? '', program, ...args];
  return ['unshare', '-m', 'sh', '-c', script, 'sh', ...values];
}

function run(...command: string[]): void {
  const { exitCode, stderr } = Bun.spawnSync(command);
  if (exitCode !== 0) throw new Error(`${command.join(' ')}: ${stderr.toString()}`);
}
