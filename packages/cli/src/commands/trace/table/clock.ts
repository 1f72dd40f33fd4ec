/** The time of a line, in one of three forms, by the clock of this host's time zone. */

export const TIME_FORMS = ['clock', 'relative', 'date'] as const;
export type TimeForm = (typeof TIME_FORMS)[number];

export const TIME_WIDTHS: Readonly<Record<TimeForm, number>> = {
  clock: 12,
  relative: 12,
  date: 23,
};

export class Clock {
  readonly #form: TimeForm;
  /** Of the first line, ns. */
  #beginning: bigint | undefined;

  constructor(form: TimeForm) {
    this.#form = form;
  }

  /** @param time nanoseconds since 1970 */
  text(time: bigint): string {
    if (this.#form === 'relative') return this.#relative(time);
    const date = new Date(Number(time / 1_000_000n));
    const clock = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, '0')}`;
    if (this.#form === 'clock') return clock;
    return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clock}`;
  }

  /** Seconds since the first line; records of several CPUs can be a little before it. */
  #relative(time: bigint): string {
    this.#beginning ??= time;
    const us = Math.round(Number(time - this.#beginning) / 1000);
    return `${us < 0 ? '-' : '+'}${(Math.abs(us) / 1e6).toFixed(6)}`.padStart(TIME_WIDTHS.relative);
  }
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
