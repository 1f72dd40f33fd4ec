/**
 * The BPF that a plugin brought, as the plugin sees it once the session has loaded it: its maps with types,
 * its programs, and the records of its rings, which come to handlers of the plugin's.
 */

import type { FieldsOf, MapOf, RecordOf, RecordReaderOf, Skeleton, Source } from '@waggle/bpf';
import { type BpfMap, type BpfProgram, type Native, runIterator } from '@waggle/ffi';
import { type AttachReport, type LoadedSource, SourceMap } from '@waggle/kernel';
import type { HandlerResult } from './handler-result.ts';

/**
 * A handler for each kind of record, called in order with the plugin's `observe` where it shares
 * process_events. A record is a copy, and may be kept.
 */
type RecordHandlers<S extends Skeleton> = {
  readonly [Name in RecordOf<S>]?: (record: FieldsOf<S, Name>) => HandlerResult;
};

/** The same for records where they lie in the ring. Synchronous: a record is gone when it returns. */
type RecordReaders<S extends Skeleton> = {
  readonly [Name in RecordOf<S>]?: (record: RecordReaderOf<S, Name>) => void;
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
  /** What was loaded for a hook, to be attached where its section does not say. @throws RangeError when nothing was */
  programOf(hook: string): BpfProgram;
  /**
   * What the program of a section `iter/...` writes, once through all that it iterates over.
   * @throws RangeError when none is attached for the hook. @throws SystemError when it is no iterator
   */
  iterate(hook: string): Uint8Array;
  /** Says who takes the records of its rings. During set-up. */
  onRecords(handlers: RecordHandlers<S>): void;
  /**
   * The same without copies, for what comes thousands of times a second: called while the ring is read,
   * before the events of that moment are handled. During set-up.
   */
  readRecords(readers: RecordReaders<S>): void;
  /** Records that were made and never read: the ring was full. Of process_events, and of each OWN_RING. */
  lost(): number;
}

/** Handlers by the struct's name, whatever they take. */
export type AnyRecordHandlers = Readonly<Record<string, (fields: never) => unknown>>;

/** Where the plugin's handlers go. */
export interface RecordRoutes {
  copies(handlers: AnyRecordHandlers): void;
  inPlace(readers: AnyRecordHandlers): void;
}

export function pluginSource<S extends Skeleton>(
  native: Native,
  loaded: LoadedSource,
  lost: () => number,
  routes: RecordRoutes,
): PluginSource<S> {
  const { object, source, report } = loaded;
  return {
    loaded: source as unknown as Source<S>,
    report,
    map: <Name extends MapOf<S>>(name: Name) =>
      new SourceMap(source.skeleton.maps[name] as S['maps'][Name], object.map(name)),
    rawMap: (name) => object.map(name),
    programOf: (hook) => loaded.programOf(hook),
    iterate: (hook) => runIterator(native, loaded.linkOf(hook)),
    onRecords: (handlers) => routes.copies(handlers as AnyRecordHandlers),
    readRecords: (readers) => routes.inPlace(readers as AnyRecordHandlers),
    lost,
  };
}
