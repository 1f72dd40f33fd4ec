// What a generated skeleton says of an object, and what it makes typed: a source of a session is a
// skeleton with how its programs are attached. Plain data; @waggle/kernel loads it.

import type { RecordReader } from './records/reader.ts';

/** A struct: bytes from its start, bytes of each field, and how each is read. */
export interface StructLayout {
  readonly size: number;
  readonly offset: Readonly<Record<string, number>>;
  readonly bytes: Readonly<Record<string, number>>;
  readonly kind: Readonly<Record<string, string>>;
}

export interface SkeletonMap {
  readonly name: string;
  /** enum bpf_map_type of linux/bpf.h. */
  readonly type: number;
  readonly maxEntries: number;
  /** One for all objects of a session, by its name. */
  readonly isShared: boolean;
  /** A struct, or the kind of a scalar. */
  readonly key: StructLayout | string | undefined;
  readonly value: StructLayout | string | undefined;
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
    Record<string, { readonly offset: number; readonly bytes: number; readonly kind: string }>
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

/** The BPF that a plugin brings: an object, and what of it is wanted. `defineSource` makes it. */
export interface Source<out S extends Skeleton = Skeleton> {
  readonly skeleton: S;
  readonly hooks: Readonly<Record<string, readonly string[]>>;
  readonly required?: readonly string[] | undefined;
  readonly settings?: Readonly<Record<string, SettingValue>> | undefined;
  readonly mapEntries?: Readonly<Record<string, number>> | undefined;
  readonly orElse?: Source<S> | undefined;
}

/** The value of a `const volatile` global. */
export type SettingValue = number | bigint | boolean;

/** A source beside its skeleton, whose names it uses. */
export interface SourceParts<S extends Skeleton> {
  /**
   * What is attached, by what it is for: programs of which the first that the kernel takes is loaded. A
   * program of a perf event is loaded and attached by its plugin.
   */
  readonly hooks: Readonly<Record<string, readonly ProgramOf<S>[]>>;
  /** Without these the source is of no use: where the kernel takes none of their programs, that is an error. */
  readonly required?: readonly string[] | undefined;
  readonly settings?: { readonly [Name in SettingOf<S>]?: SettingValue } | undefined;
  /** Entries of maps, bytes of rings, where they depend on the host or the session. */
  readonly mapEntries?: { readonly [Name in MapOf<S>]?: number } | undefined;
  /** What is loaded in its place where the kernel takes none of what is required. */
  readonly orElse?: Source<S> | undefined;
}

/** A source whose names are those of its skeleton. */
export function defineSource<const S extends Skeleton>(
  skeleton: S,
  { settings, mapEntries, ...parts }: SourceParts<S>,
): Source<S> {
  return {
    skeleton,
    ...parts,
    settings: settings as Source['settings'],
    mapEntries: mapEntries as Source['mapEntries'],
  };
}

/** How a program is attached: by the section's first word. */
export function attachMethod(section: string): string {
  return section.split('/', 1)[0] ?? section;
}
