/**
 * Texts of a record that are fields of its event. They lie one behind the other in the record's payload, in the
 * order of their table, and the record has the length of each. As with numbers, from the table come the event's
 * type, what is read into it, what `trace --json` writes and what is blacked out: a new one is written in C, and a
 * line here.
 */

import { decodeBytes, decodePath } from '@waggle/bpf';

export interface TextField<Reader> {
  /** What the record's reader calls the length in bytes. */
  readonly length: {
    [Name in keyof Reader]: Reader[Name] extends number ? Name : never;
  }[keyof Reader];
  /** `path`: components, leaf first, a NUL behind each. `text`: as it is; undefined where it has no bytes. */
  readonly form: 'path' | 'text';
  /** The record's flag that says that it lacks a part: the event has `NAMETruncated` too. */
  readonly cut?: number;
}

/** The names of an event's fields. */
export type TextFields<Reader> = Readonly<Record<string, TextField<Reader>>>;

/** Whatever record they are of. */
type Forms = Readonly<Record<string, Pick<TextField<unknown>, 'form' | 'cut'>>>;
type NameOfCut<Name> = Name extends string ? `${Name}Truncated` : never;

export type TextsOf<Fields extends Forms> = {
  readonly [Name in keyof Fields]: Fields[Name]['form'] extends 'path'
    ? string
    : string | undefined;
} & {
  readonly [Name in keyof Fields as Fields[Name] extends { readonly cut: number }
    ? NameOfCut<Name>
    : never]: boolean;
};

/** Of the event: each text, and whether it is cut where the record tells. */
export function namesOfTexts<Fields extends Forms>(
  fields: Fields,
): readonly (keyof TextsOf<Fields> & string)[] {
  const names = Object.entries(fields).flatMap(([name, { cut }]) =>
    cut === undefined ? [name] : [name, nameOfCut(name)],
  );
  return names as (keyof TextsOf<Fields> & string)[];
}

export function nameOfCut(name: string): string {
  return `${name}Truncated`;
}

/** Where the last of them ends. */
export function endOfTexts<Reader>(
  reader: Reader,
  fields: TextFields<Reader>,
  from: number,
): number {
  let end = from;
  for (const name in fields) end += reader[fields[name]!.length] as number;
  return end;
}

/** Adds the texts of the record that the reader points at. @param from where the first of them begins */
export function withTexts<
  Reader extends { readonly bytes: Uint8Array },
  Fields extends TextFields<Reader>,
  Event extends object,
>(
  event: Event,
  reader: Reader,
  fields: Fields,
  flags: number,
  from: number,
): Event & TextsOf<Fields> {
  const target = event as Record<string, unknown>;
  const { bytes } = reader;
  let at = from;
  for (const name in fields) {
    const { length, form, cut } = fields[name]!;
    const end = at + (reader[length] as number);
    if (form === 'path') target[name] = decodePath(bytes, at, end);
    else target[name] = end === at ? undefined : decodeBytes(bytes, at, end);
    if (cut !== undefined) target[nameOfCut(name)] = (flags & cut) !== 0;
    at = end;
  }
  return event as Event & TextsOf<Fields>;
}
