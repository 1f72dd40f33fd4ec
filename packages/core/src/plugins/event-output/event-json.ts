/**
 * The JSON form of an event: field names and order fixed (event-fields.ts). 64-bit numbers are strings,
 * for JSON readers that have only doubles; bytes that are no UTF-8 are U+FFFD.
 */

import type { ExecEvent, ProcessEvent } from '@waggle/events';
import { stringifyJson } from '@waggle/text';
import { ENVIRON_FIELDS, EVENT_FIELDS, EXEC_DETAIL_FIELDS, LAST_FIELDS } from './event-fields.ts';
import { Rfc3339 } from './rfc3339.ts';
import type { WithheldNotice } from './withheld.ts';

export class EventJson {
  readonly #clock = new Rfc3339();

  /** One event's line, newline included. */
  line(event: ProcessEvent): string {
    return `${stringifyJson(this.fields(event))}\n`;
  }

  /** The line of what is missing beside losses. */
  noticeLine({ event, time, count }: WithheldNotice): string {
    return `${stringifyJson({ event, time: this.#clock.format(time), count })}\n`;
  }

  /** An event as an object of strings, numbers, arrays and null. */
  fields(event: ProcessEvent): object {
    const time = this.#clock.format(event.time);
    if (event.event === 'lost') return { event: 'lost', time, count: event.count };
    const fields: Record<string, unknown> = { event: event.event, time };
    add(fields, event, EVENT_FIELDS[event.event]);
    if (event.event === 'exec') addDetail(fields, event);
    add(fields, event, LAST_FIELDS);
    return fields;
  }
}

/** Nothing at all where the session goes without. */
function addDetail(fields: Record<string, unknown>, event: ExecEvent): void {
  const { detail } = event;
  if (detail !== null) add(fields, { ...detail, marks: detail.flags }, EXEC_DETAIL_FIELDS);
  if (event.environ !== null) add(fields, event, ENVIRON_FIELDS);
}

function add(fields: Record<string, unknown>, from: object, names: readonly string[]): void {
  const values = from as Readonly<Record<string, unknown>>;
  for (const name of names) {
    const value = values[name];
    fields[name] = typeof value === 'bigint' ? String(value) : (value ?? null);
  }
}
