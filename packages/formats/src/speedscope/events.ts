/**
 * speedscope's "evented" profiles as stacks: each frame opens and closes at a time, and between two
 * events the stack is what is open. From src/lib/file-format-spec.ts of speedscope.
 */
import type { JsonObject } from '../json-shape.ts';
import { json, SpeedscopeSyntaxError } from './shape.ts';

/** Calls `add` with the numbers of the frames that were open, root first, and for how long. */
export function eachInterval(
  profile: JsonObject,
  add: (stack: readonly number[], weight: number, index: number) => void,
): void {
  const open: number[] = [];
  let since = Number(profile.startValue ?? 0);
  const until = (at: number, index: number): void => {
    if (!(at >= since))
      throw new SpeedscopeSyntaxError(`event ${index} is at ${at}, before the one that it follows`);
    if (open.length > 0 && at > since) add(open, at - since, index);
    since = at;
  };
  const events = json.array(profile.events, 'events');
  events.forEach((value, index) => {
    const { type, frame, at } = json.object(value, `events[${index}]`);
    until(Number(at), index);
    if (type === 'O') open.push(Number(frame));
    else if (type === 'C') close(open, Number(frame));
    else throw new SpeedscopeSyntaxError(`event ${index} is of the type ${type}`);
  });
  const end = Number(profile.endValue ?? since);
  if (end > since) until(end, events.length);
}

/** What was opened inside of it ends with it; one that is not open cannot end. */
function close(open: number[], frame: number): void {
  const at = open.lastIndexOf(frame);
  if (at >= 0) open.length = at;
}
