/** Keys that move a replay through time, before any view gets them. */

import type { Key } from '../views/view.ts';
import { LineInput } from './line-input.ts';
import { MINUTE_MS, type Replay, STEP_MS } from './replay.ts';
import type { Shown } from './shown.ts';

/** In the place of those that hold still and go on. */
export const REPLAY_KEYS = [
  ['left right , .', '10 seconds back, forward'],
  ['( )', 'a minute back, forward'],
  ['@', 'to a time: 03:17, "yesterday 22:00", 5m (ago)'],
  ['space', 'play, pause'],
  ['*', 'play 1, 10, 60 times as fast'],
] as const;

const STEPS: Readonly<Record<Key, number>> = {
  left: -STEP_MS,
  ',': -STEP_MS,
  right: STEP_MS,
  '.': STEP_MS,
  '(': -MINUTE_MS,
  ')': MINUTE_MS,
};

/** @returns whether the key was for it */
export function pressInReplay(key: Key, shown: Shown, replay: Replay): boolean {
  const step = STEPS[key];
  if (step !== undefined) {
    goTo(replay.at + step, shown, replay);
    return true;
  }
  switch (key) {
    case 'space':
      replay.play(!replay.isPlaying);
      return true;
    case '*':
      replay.faster();
      shown.say(`${replay.speed} times as fast as it was`);
      return true;
    case '@':
      shown.input = new LineInput(
        'time: ',
        '',
        () => {},
        (text) => {
          const at = replay.momentOf(text);
          if (at === undefined) shown.say(`"${text}" is no time such as 03:17 or 5m (ago)`);
          else goTo(at, shown, replay);
        },
      );
      return true;
    default:
      return false;
  }
}

function goTo(at: number, shown: Shown, replay: Replay): void {
  if (replay.seek(at, shown.lookedAt)) return;
  const edge = at > replay.at ? 'that is the last that is kept' : 'that is the first that is kept';
  shown.say(replay.takeProblem() ?? edge);
}
