/**
 * Events as a table of comma-separated values (RFC 4180): a header, one row an event, the columns of all
 * kinds side by side. Lists are JSON. What a spreadsheet would take for a formula (OWASP, "CSV Injection")
 * has an apostrophe before it, as does what has one already, so that nothing is lost.
 */

import { EVENT_NAMES, fieldsOf } from '../events/fields.ts';
import type { RecordedEvent } from '../events/recorded-event.ts';

const END = '\r\n';
const FORMULA = /^['=+\-@\t\r]/;
const SPECIAL = /[",\r\n]/;

/** Every field of every kind, once, in the order in which kinds first have them. */
const COLUMNS: readonly string[] = [
  'event',
  ...new Set(EVENT_NAMES.flatMap((name) => fieldsOf(name).map(([field]) => field))),
];

/** The first row. */
export const CSV_HEADER: string = COLUMNS.join(',') + END;

/** One event's row, line end included. */
export function csvRow(event: RecordedEvent): string {
  const values = event as unknown as Readonly<Record<string, unknown>>;
  return COLUMNS.map((column) => cell(values[column])).join(',') + END;
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return SPECIAL.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
