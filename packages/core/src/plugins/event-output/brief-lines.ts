/**
 * Lines of `trace --json` of events in brief, one at a time: for who keeps them as lines, and has no object of most.
 * What nobody may see in them is hidden by rules of whoever asks.
 */

import type { BriefEvents } from '../brief-events/brief-events.ts';
import { EventJson } from './event-json.ts';
import type { HiddenTexts } from './hidden-texts.ts';
import { RecordJson } from './record-json.ts';

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

export class BriefLines {
  readonly #json = new EventJson();
  readonly #records: RecordJson;
  readonly #hidden: HiddenTexts | undefined;

  /** @param hidden nothing without it */
  constructor(hidden?: HiddenTexts) {
    this.#hidden = hidden;
    this.#records = new RecordJson(hidden);
  }

  /** Without its line feed. */
  line(events: BriefEvents, index: number): string {
    if (events.isMade(index)) {
      const event = events.at(index);
      return this.#json.line(this.#hidden?.event(event) ?? event).slice(0, -1);
    }
    const { out } = this.#records;
    out.clear();
    this.#records.write(...events.sourceOf(index));
    return decoder.decode(out.bytes.subarray(0, out.length - 1));
  }
}
