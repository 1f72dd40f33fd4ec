/**
 * Numbers of a record that are fields of its event as they are. They are named in a table for each event: from
 * it comes the event's type, what is read into it, and what `trace --json` writes. So a new one is a line in C
 * and a line in the table.
 */

/** The names of an event's fields, each with what the record's reader calls the number. */
export type NumberFields<Reader> = Readonly<Record<string, NumberOf<Reader>>>;

/** What the reader has that is a number. */
export type NumberOf<Reader> = {
  [Name in keyof Reader]: Reader[Name] extends number | bigint ? Name : never;
}[keyof Reader];

/** Of the event: number or bigint, as the record has them. */
export type NumbersOf<Reader, Fields extends NumberFields<Reader>> = {
  readonly [Name in keyof Fields]: Reader[Fields[Name]];
};

/** Adds the numbers of the record that the reader points at. */
export function withNumbers<Reader, Fields extends NumberFields<Reader>, Event extends object>(
  event: Event,
  reader: Reader,
  fields: Fields,
): Event & NumbersOf<Reader, Fields> {
  const target = event as Record<string, unknown>;
  for (const name in fields) target[name] = reader[fields[name]!];
  return event as Event & NumbersOf<Reader, Fields>;
}

/** As `Object.keys`, with their type. */
export function namesOf<Fields extends object>(fields: Fields): readonly (keyof Fields & string)[] {
  return Object.keys(fields) as (keyof Fields & string)[];
}
