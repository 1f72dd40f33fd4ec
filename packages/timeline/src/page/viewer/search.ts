/** Which processes have a text somewhere: in their names, arguments, paths, ends. */

import type { Pause } from '@waggle/text/page/slices';
import { searchedText } from './texts.ts';
import type { Timeline } from './timeline.ts';

export interface Found {
  /** 1 for each process that has it. */
  readonly matched: Uint8Array;
  readonly count: number;
}

/** Processes between two looks at the clock. */
const AT_ONCE = 128;

/** Of each process. */
export function searchedTexts(timeline: Timeline): readonly string[] {
  return Array.from({ length: timeline.count }, (_, at) => searchedText(timeline, at));
}

/** @param wanted in small letters */
export function foundIn(texts: readonly string[], wanted: string): Found {
  const matched = new Uint8Array(texts.length);
  let count = 0;
  for (const [at, each] of texts.entries())
    if (each.includes(wanted)) {
      matched[at] = 1;
      count++;
    }
  return { matched, count };
}

/** The same, with the texts that were searched. */
export async function foundInParts(
  timeline: Timeline,
  wanted: string,
  pause: Pause,
): Promise<Found & { readonly texts: readonly string[] }> {
  const texts: string[] = [];
  for (let at = 0; at < timeline.count; at++) {
    if (at % AT_ONCE === 0) await pause();
    texts.push(searchedText(timeline, at));
  }
  await pause();
  return { ...foundIn(texts, wanted), texts };
}
