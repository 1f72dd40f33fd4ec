/** Frames of a profile from the lines that `perf script` prints, root first, under the process's own. */

import type { MemoryBudget } from '../memory-budget.ts';
import { type PathNode, PathTree } from '../path-tree.ts';
import type { ProfileFrame } from '../profile.ts';
import { placeOf } from '../source-place.ts';
import { isKernelAddress, isKernelObject, unnamed } from '../unnamed-code.ts';
import type { PlacedFrame } from './line.ts';

/** Stacks of frames, each once: equal frames are one, and so are equal stacks. */
export class FrameStacks {
  readonly #budget: MemoryBudget;
  readonly #frames = new Map<string, ProfileFrame>();
  readonly #paths: PathTree;
  readonly #numbers = new Map<ProfileFrame, number>();
  readonly #stacks = new Map<PathNode, readonly ProfileFrame[]>();

  constructor(budget: MemoryBudget) {
    this.#budget = budget;
    this.#paths = new PathTree(budget);
  }

  of(comm: string | undefined, lines: readonly PlacedFrame[]): readonly ProfileFrame[] {
    const frames = framesOf(comm, lines, (frame) => this.#once(frame));
    let path = this.#paths.root;
    for (const frame of frames) path = this.#paths.child(path, this.#numbers.get(frame) ?? 0);
    const known = this.#stacks.get(path);
    if (known !== undefined) return known;
    this.#budget.stack(frames.length);
    this.#stacks.set(path, frames);
    return frames;
  }

  #once(frame: ProfileFrame): ProfileFrame {
    const key = JSON.stringify(frame);
    const known = this.#frames.get(key);
    if (known !== undefined) return known;
    this.#budget.frame(frame);
    // The line that its texts are parts of would stay in memory with them.
    const own = JSON.parse(key) as ProfileFrame;
    this.#frames.set(key, own);
    this.#numbers.set(own, this.#numbers.size);
    return own;
  }
}

function framesOf(
  comm: string | undefined,
  lines: readonly PlacedFrame[],
  once: (frame: ProfileFrame) => ProfileFrame,
): readonly ProfileFrame[] {
  const frames: ProfileFrame[] = comm === undefined ? [] : [once({ name: comm, kind: 'process' })];
  let caller: ProfileFrame | undefined;
  for (const line of lines.toReversed()) {
    const [outer, ...inlined] = namesOf(line);
    // An inlined function is in the file of the function that it was put into.
    const made =
      line.isInlined && caller !== undefined
        ? sameCode(caller, outer ?? '', true)
        : frameAt(line, outer ?? '');
    const placed = { ...made, ...placeOf(line.source?.file, line.source?.line) };
    if (!line.isInlined) caller = made;
    frames.push(once(placed), ...inlined.map((name) => once(sameCode(made, name, true))));
  }
  return frames;
}

function sameCode({ kind, object }: ProfileFrame, name: string, inlined: true): ProfileFrame {
  return { name, kind, object, inlined };
}

const PERF_MAP = /perf-\d+\.map$/;

/** perf-map-agent of Java writes `caller->inlined->inlined`, outermost first. */
function namesOf({ symbol, object }: PlacedFrame): readonly string[] {
  return object !== undefined && PERF_MAP.test(object) ? symbol.split('->') : [symbol];
}

function frameAt({ address, object, objectOffset }: PlacedFrame, symbol: string): ProfileFrame {
  const isKernel = isKernelObject(object) || (address !== undefined && isKernelAddress(address));
  const path =
    object !== undefined && /^\[kernel|^\[guest\.kernel/.test(object) ? undefined : object;
  const inObject =
    path === undefined ? {} : { object: isKernel ? path.replace(/^\[([^\]]+)\]$/, '$1') : path };
  if (symbol !== '') return { name: symbol, kind: isKernel ? 'kernel' : 'user', ...inObject };
  const kind = isKernel ? 'kernel' : 'unresolved';
  // perf prints where the code was in memory, which says nothing of where it is in its file.
  const place = objectOffset ?? (isKernel ? address : undefined);
  return {
    name: place === undefined ? fileName(object) : unnamed(object, place),
    kind,
    ...inObject,
  };
}

/** As stackcollapse-perf.pl names it. */
function fileName(object = '[unknown]'): string {
  const name = object.slice(object.lastIndexOf('/') + 1);
  return name.startsWith('[') ? name : `[${name}]`;
}
