/** Events that wait: copies, as bytes where they are no objects, until somebody takes them all. */

import { recordHeader } from '@waggle/bpf';
import { EventBatch } from '@waggle/events';
import { BriefEvents } from './brief-events.ts';

export class HeldEvents {
  #batch = new EventBatch(0);

  get length(): number {
    return this.#batch.length;
  }

  add(events: BriefEvents): void {
    for (let index = 0; index < events.length; index++) this.#addOne(...events.sourceOf(index));
  }

  /** All of them, in their order; none is held any longer. */
  take(): BriefEvents {
    const taken = this.#batch;
    this.#batch = new EventBatch(0);
    return new BriefEvents(taken);
  }

  #addOne(batch: EventBatch, at: number): void {
    const held = this.#batch;
    if (batch.isMade(at)) {
      held.addMade(batch.at(at));
      return;
    }
    const { memory } = batch;
    const place = batch.placeAt(at);
    const size = memory.view.getUint32(place + recordHeader.offset.size, true);
    const index = held.length;
    held.context ??= batch.context;
    held.add(batch.typeAt(at), memory, place, size, batch.cgroupAt(at));
    held.setParentComm(index, batch.parentCommAt(at));
    const program = batch.programAt(at);
    if (program === undefined) return;
    const { filenameAt, filenameEnd, argvAt, argvEnd } = program;
    const from = Math.min(filenameEnd < 0 ? argvAt : filenameAt, argvEnd < 0 ? filenameAt : argvAt);
    const to = Math.max(filenameEnd, argvEnd);
    const moved = held.append(memory.bytes, from, Math.max(from, to)) - from;
    held.setProgram(index, {
      ...program,
      filenameAt: filenameAt + moved,
      filenameEnd: filenameEnd < 0 ? -1 : filenameEnd + moved,
      argvAt: argvAt + moved,
      argvEnd: argvEnd < 0 ? -1 : argvEnd + moved,
    });
  }
}
