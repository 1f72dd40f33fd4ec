/**
 * speedscope's "evented" profiles as stacks: each frame opens and closes at a time, and between two
 * events the stack is what is open. From src/lib/file-format-spec.ts of speedscope.
 */
import type { JsonObject } from '../json-shape.ts';
import type { PathNode, PathTree } from '../path-tree.ts';
import { json, SpeedscopeSyntaxError } from './shape.ts';

/** Calls `add` with the path of the frames that were open, root first, and for how long. */
export function eachInterval(
  profile: JsonObject,
  paths: PathTree,
  add: (path: PathNode, weight: number, index: number) => void,
): void {
  const open = new OpenFrames(paths);
  let since = Number(profile.startValue ?? 0);
  const until = (at: number, index: number): void => {
    if (!(at >= since))
      throw new SpeedscopeSyntaxError(`event ${index} is at ${at}, before the one that it follows`);
    if (open.path !== paths.root && at > since) add(open.path, at - since, index);
    since = at;
  };
  const events = json.array(profile.events, 'events');
  events.forEach((value, index) => {
    const { type, frame, at } = json.object(value, `events[${index}]`);
    until(Number(at), index);
    if (type === 'O') open.open(Number(frame));
    else if (type === 'C') open.close(Number(frame));
    else throw new SpeedscopeSyntaxError(`event ${index} is of the type ${type}`);
  });
  const end = Number(profile.endValue ?? since);
  if (end > since) until(end, events.length);
}

class OpenFrames {
  path: PathNode;
  readonly #paths: PathTree;
  /** How often each frame is open, so that one that is not is not searched for. */
  readonly #times = new Map<number, number>();

  constructor(paths: PathTree) {
    this.#paths = paths;
    this.path = paths.root;
  }

  open(frame: number): void {
    this.path = this.#paths.child(this.path, frame);
    this.#times.set(frame, (this.#times.get(frame) ?? 0) + 1);
  }

  /** What was opened inside of it ends with it; one that is not open cannot end. */
  close(frame: number): void {
    if (!this.#times.get(frame)) return;
    for (let { path } = this; path.parent !== undefined; path = path.parent) {
      this.#times.set(path.value, (this.#times.get(path.value) ?? 1) - 1);
      this.path = path.parent;
      if (Object.is(path.value, frame)) return;
    }
  }
}
