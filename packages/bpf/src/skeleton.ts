/**
 * What a generated skeleton says of an object, and what it makes typed: a source of a session is a
 * skeleton with how its programs are attached. Plain data; @waggle/kernel loads it.
 */

import type { ValueOf } from './codec.ts';
import type { FieldKind } from './layout.ts';
import type { RecordReader } from './records/reader.ts';

export interface SkeletonMap {
  readonly name: string;
  /** enum bpf_map_type of linux/bpf.h. */
  readonly type: number;
  readonly maxEntries: number;
  /** One for all objects of a session, by its name. */
  readonly isShared: boolean;
  readonly key: FieldKind | undefined;
  readonly value: FieldKind | undefined;
}

/** A class that reads one kind of record in place. */
export type RecordReaderClass = new () => RecordReader & { copy(): object };

export interface Skeleton {
  readonly name: string;
  /** The object's file or its bytes, for this architecture. */
  readonly object: () => Promise<string | Uint8Array>;
  /** Section of each program, which names its hook. */
  readonly programs: Readonly<Record<string, string>>;
  readonly maps: Readonly<Record<string, SkeletonMap>>;
  /** What each ring carries, by the struct's name. */
  readonly records: Readonly<Record<string, Readonly<Record<string, RecordReaderClass>>>>;
  /** `const volatile` globals, which are set before the object is loaded. */
  readonly settings: Readonly<
    Record<string, { readonly offset: number; readonly bytes: number; readonly kind: FieldKind }>
  >;
}

export type ProgramOf<S extends Skeleton> = keyof S['programs'] & string;
export type MapOf<S extends Skeleton> = keyof S['maps'] & string;
export type SettingOf<S extends Skeleton> = keyof S['settings'] & string;
/** Structs of the records that its rings carry. */
export type RecordOf<S extends Skeleton> = {
  [Ring in keyof S['records']]: keyof S['records'][Ring];
}[keyof S['records']] &
  string;

type ReaderOf<S extends Skeleton, Name> = {
  [Ring in keyof S['records']]: Name extends keyof S['records'][Ring]
    ? S['records'][Ring][Name]
    : never;
}[keyof S['records']];

/** What reads a record in place, by its struct's name. */
export type RecordReaderOf<S extends Skeleton, Name extends RecordOf<S>> =
  ReaderOf<S, Name> extends new () => infer Reader ? Reader : never;

/** The fields of a record, by its struct's name: what `copy()` of its reader gives. */
export type FieldsOf<S extends Skeleton, Name extends RecordOf<S>> =
  ReaderOf<S, Name> extends new () => { copy(): infer Fields } ? Fields : never;

/** Records that begin with a record_header: an event can be made of them. */
type EventRecordOf<S extends Skeleton> = {
  [Name in RecordOf<S>]: FieldsOf<S, Name> extends { readonly startBoottime: bigint }
    ? Name
    : never;
}[RecordOf<S>];

/** Events by their names: of which record each is made. */
type EventNames = Readonly<Record<string, string>>;

/** The BPF that a plugin brings: an object, and what of it is wanted. `defineSource` makes it. */
export interface Source<out S extends Skeleton = Skeleton, out E extends EventNames = EventNames> {
  readonly skeleton: S;
  readonly hooks: Readonly<Record<string, readonly string[]>>;
  readonly required?: readonly string[] | undefined;
  readonly settings?: Readonly<Record<string, unknown>> | undefined;
  readonly mapEntries?: Readonly<Record<string, number>> | undefined;
  readonly events: E;
  readonly orElse?: Source<S> | undefined;
}

/** The value of a `const volatile` global: as a map's value would be, and whole numbers of either type. */
export type SettingValue<Kind extends FieldKind = FieldKind> = Kind extends {
  readonly ofEnum: object;
}
  ? ValueOf<Kind>
  : Kind extends NumberKind
    ? number | bigint
    : ValueOf<Kind>;

type NumberKind = 'u8' | 'u16' | 'u32' | 'u64' | 'u53' | 's8' | 's16' | 's32' | 's64';

/** By their names; each may be left out, and is then what the C source says. */
export type SettingsOf<S extends Skeleton> = {
  readonly [Name in SettingOf<S>]?: SettingValue<S['settings'][Name]['kind']>;
};

/** A source beside its skeleton, whose names it uses. */
export interface SourceParts<S extends Skeleton, E extends EventNames = EventNames> {
  /**
   * What is attached, by what it is for: programs of which the first that the kernel takes is loaded, and
   * attached where its section says. One whose section names no place (`perf_event`, `uprobe`, `kprobe`) is
   * attached by its plugin: `source(...).programOf(hook)`.
   */
  readonly hooks: Readonly<Record<string, readonly ProgramOf<S>[]>>;
  /** Without these the source is of no use: where the kernel takes none of their programs, that is an error. */
  readonly required?: readonly string[] | undefined;
  readonly settings?: SettingsOf<S> | undefined;
  /** Entries of maps, bytes of rings, where they depend on the host or the session. */
  readonly mapEntries?: { readonly [Name in MapOf<S>]?: number } | undefined;
  /**
   * Records that are events of the session, by the events' names: `{ 'file-open': 'open_record' }`. They go to
   * `agent.events`, and to the `observe` of plugins that name the source, with the process that the record's
   * header is about.
   */
  readonly events?: E | undefined;
  /** What is loaded in its place where the kernel takes none of what is required. */
  readonly orElse?: Source<S> | undefined;
}

/** A source whose names are those of its skeleton. */
export function defineSource<
  const S extends Skeleton,
  const E extends Readonly<Record<string, EventRecordOf<S>>> = Record<never, never>,
>(skeleton: S, { settings, mapEntries, events, ...parts }: SourceParts<S, E>): Source<S, E> {
  return {
    skeleton,
    ...parts,
    settings: settings as Source['settings'],
    mapEntries: mapEntries as Source['mapEntries'],
    events: events ?? ({} as E),
  };
}
