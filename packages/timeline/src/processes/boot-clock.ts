/**
 * Where events stand in time. Their times are those of day, which somebody may set and NTP slews while a
 * recording runs; how long a machine is up goes its way, and some events tell it.
 */

import { nanosecondsOf, type RecordedEvent } from '../events/recorded-event.ts';

/** A fork tells it a moment late, since its thread may have waited for a CPU. */
const ROUGH_NS = 1e9;

export class BootClock {
  /** Nanoseconds since the Unix epoch of the first event. */
  beganAt: bigint | undefined;
  /** Nanoseconds from boot to the beginning, once an event tells it; and whether that was to the nanosecond. */
  #toBeginning: number | undefined;
  #isExact = false;
  #boot: string | undefined;
  /** What somebody has set the clock forward by since the beginning, in nanoseconds. */
  #set = 0;

  /** When it was, in nanoseconds since the beginning. Asked once for each event, in their order. */
  placeOf(event: RecordedEvent): number {
    const wall = nanosecondsOf(event.time) ?? 0n;
    this.beganAt ??= wall;
    const clock = Number(wall - this.beganAt);
    if ('startTime' in event) this.#follow(clock, event);
    return clock - this.#set;
  }

  /** What began so many nanoseconds after boot; undefined before an event has told when that was. */
  placeOfBoot(nanoseconds: number): number | undefined {
    return this.#toBeginning === undefined ? undefined : nanoseconds - this.#toBeginning;
  }

  /** Nanoseconds from the Unix epoch to boot, by the clock as it was at the beginning. */
  get bootAt(): bigint | undefined {
    return this.beganAt === undefined || !this.#isExact
      ? undefined
      : this.beganAt - BigInt(this.#toBeginning ?? 0);
  }

  #follow(clock: number, event: Extract<RecordedEvent, { readonly startTime: string }>): void {
    const [boot] = (event.processId ?? '').split('-', 1);
    this.#boot ??= boot;
    // Two recordings in one file, with a restart between them.
    if (boot !== this.#boot) return;
    if (event.event === 'exit') {
      const sinceBoot = Number(event.startTime) + Number(event.lifetimeNs);
      if (!this.#isExact) this.#toBeginning = sinceBoot - clock;
      this.#isExact = true;
      this.#setAt(clock, sinceBoot);
      return;
    }
    const born = event.event === 'fork' ? event.childStartTime : null;
    if (born !== null) this.#toBeginning ??= Number(born) - clock;
    if (!this.#isExact) return;
    const place = clock - this.#set;
    const ahead = born === null ? 0 : place - (this.placeOfBoot(Number(born)) ?? place);
    // Nothing happens to a process before it begins: the clock was set back.
    const begun = this.placeOfBoot(Number(event.startTime)) ?? place;
    if (Math.abs(ahead) > ROUGH_NS) this.#setAt(clock, Number(born));
    else if (place < begun) this.#setAt(clock, Number(event.startTime));
  }

  #setAt(clock: number, sinceBoot: number): void {
    this.#set = clock - (this.placeOfBoot(sinceBoot) ?? clock);
  }
}
