// The BPF that a plugin brought, as the plugin sees it once the session has loaded it: its maps with types,
// its programs, and the records of its rings, which come to handlers of the plugin's.

import type { MapOf, RecordOf, Skeleton, Source } from '@waggle/bpf';
import type { BpfMap, BpfProgram } from '@waggle/ffi';
import { type AttachReport, type LoadedSource, SourceMap } from '@waggle/kernel';
import type { HandlerResult } from './handler-result.ts';

type ReaderOf<S extends Skeleton, Name> = {
  [Ring in keyof S['records']]: Name extends keyof S['records'][Ring]
    ? S['records'][Ring][Name]
    : never;
}[keyof S['records']];

/** The fields of a record, by its struct's name: what `copy()` of its generated reader gives. */
type FieldsOf<S extends Skeleton, Name extends RecordOf<S>> =
  ReaderOf<S, Name> extends new () => { copy(): infer Fields } ? Fields : never;

/**
 * A handler for each kind of record, called in order with the plugin's `observe` where it shares
 * process_events. A record is a copy, and may be kept.
 */
type RecordHandlers<S extends Skeleton> = {
  readonly [Name in RecordOf<S>]?: (record: FieldsOf<S, Name>) => HandlerResult;
};

export interface PluginSource<S extends Skeleton = Skeleton> {
  /** What was loaded: what the plugin asked for, or what stands in its place (`orElse`). */
  readonly loaded: Source<S>;
  /** What was attached, by hook. */
  readonly report: AttachReport;
  /** A map with the types of its keys and values. @throws RangeError when the object does not have it */
  map<Name extends MapOf<S>>(name: Name): SourceMap<S['maps'][Name]>;
  /** A map as bytes. @throws RangeError */
  rawMap(name: MapOf<S>): BpfMap;
  /** What was loaded for a hook, to be attached to perf events. @throws RangeError when nothing was */
  programOf(hook: string): BpfProgram;
  /** Says who takes the records of its rings. Once, during set-up. */
  onRecords(handlers: RecordHandlers<S>): void;
  /** Records that were made and never read: the ring was full. Of process_events alone; other rings are their programs'. */
  lost(): number;
}

/** Handlers by the struct's name, whatever they take. */
export type AnyRecordHandlers = Readonly<Record<string, (fields: never) => HandlerResult>>;

/** @param route where the plugin's handlers go. */
export function pluginSource<S extends Skeleton>(
  loaded: LoadedSource,
  lost: () => number,
  route: (handlers: AnyRecordHandlers) => void,
): PluginSource<S> {
  const { object, source, report } = loaded;
  return {
    loaded: source as unknown as Source<S>,
    report,
    map: <Name extends MapOf<S>>(name: Name) =>
      new SourceMap(source.skeleton.maps[name] as S['maps'][Name], object.map(name)),
    rawMap: (name) => object.map(name),
    programOf: (hook) => loaded.programOf(hook),
    onRecords: (handlers) => route(handlers as AnyRecordHandlers),
    lost,
  };
}
