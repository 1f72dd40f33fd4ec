/**
 * The sources of a session in the kernel. The filter's maps are one for all of them: the first object that
 * has one makes it, the others get its descriptor. Records of plugins' sources that share process_events
 * get their numbers here, so that no two sources take the same.
 */

import { recordType, type Skeleton, type SkeletonMap, type Source } from '@waggle/bpf';
import { type BpfMap, boottimeOffset, type Native } from '@waggle/ffi';
import type { PidNamespace } from '../pid-namespace.ts';
import {
  type AttachReport,
  type LoadContext,
  type LoadedSource,
  loadSource,
  type PreparedSource,
  prepareSource,
} from './load-source.ts';
import { SourceMap } from './source-map.ts';

export interface SourcesOptions {
  /** By which processes are counted; the initial one unless given. */
  readonly pidNamespace?: PidNamespace | undefined;
  /** Entries of shared maps; those of the objects unless given. */
  readonly sharedMapEntries?: Readonly<Record<string, number>> | undefined;
  /** Methods that are not tried, as if the kernel refused them: for tests of the fallbacks. */
  readonly withoutMethods?: readonly string[] | undefined;
}

/** A numbered record of a plugin's source. */
export interface SourceRecordType {
  readonly type: number;
  readonly skeleton: Skeleton;
  /** The struct's name. */
  readonly record: string;
}

/** What is named `type_of_STRUCT` in the object gets the number (bpf/waggle.h, EVENT_RECORD). */
const TYPE_SETTING = 'type_of_';

export class LoadedSources implements Disposable {
  readonly #native: Native;
  readonly #options: SourcesOptions;
  readonly #loaded = new Map<string, LoadedSource>();
  readonly #sharedMaps = new Map<string, BpfMap>();
  readonly #recordTypes: SourceRecordType[] = [];

  constructor(native: Native, options: SourcesOptions = {}) {
    this.#native = native;
    this.#options = options;
  }

  /** All of them, in order. @throws SystemError as loadSource() does; those before stay loaded. */
  async loadAll(sources: readonly Source[]): Promise<void> {
    for (const source of sources) this.load(await prepareSource(source));
  }

  /** A source that is loaded already is not loaded again. @throws SystemError */
  load(prepared: PreparedSource): LoadedSource {
    const { skeleton } = prepared.source;
    const known = this.#loaded.get(skeleton.name);
    if (known !== undefined) return known;
    const loaded = loadSource(this.#native, prepared, this.#contextOf(skeleton));
    this.#loaded.set(skeleton.name, loaded);
    for (const [name, { isShared }] of Object.entries(skeleton.maps))
      if (isShared && !this.#sharedMaps.has(name) && loaded.object.hasMap(name))
        this.#sharedMaps.set(name, loaded.object.map(name));
    return loaded;
  }

  /** By its skeleton. */
  get(skeleton: Pick<Skeleton, 'name'>): LoadedSource | undefined {
    return this.#loaded.get(skeleton.name);
  }

  /** A map that sources share, once one of them is loaded. @throws RangeError */
  shared<M extends SkeletonMap>(description: M): SourceMap<M> {
    const map = this.#sharedMaps.get(description.name);
    if (map === undefined)
      throw new RangeError(`no source of the session has the map ${description.name}`);
    return new SourceMap(description, map);
  }

  /** What was attached, of all of them. */
  get report(): AttachReport {
    return Object.assign({}, ...[...this.#loaded.values()].map(({ report }) => report));
  }

  /** Numbered records of plugins' sources. */
  get recordTypes(): readonly SourceRecordType[] {
    return this.#recordTypes;
  }

  /** Programs first, then maps: in reverse order. */
  close(): void {
    for (const loaded of [...this.#loaded.values()].reverse()) loaded.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #contextOf(skeleton: Skeleton): LoadContext {
    const { pidNamespace, sharedMapEntries = {}, withoutMethods } = this.#options;
    return {
      sharedMaps: this.#sharedMaps,
      sharedMapEntries,
      // Pids and times as the records have them are those of our own namespaces.
      settings: {
        pid_namespace: pidNamespace?.inode ?? 0,
        boottime_offset: boottimeOffset(),
        page_size: this.#native.pageSize,
        own_tgid: pidNamespace?.self ?? process.pid,
        ...this.#numbersOf(skeleton),
      },
      withoutMethods,
    };
  }

  #numbersOf(skeleton: Skeleton): Record<string, number> {
    const structs = Object.keys(skeleton.settings)
      .filter((name) => name.startsWith(TYPE_SETTING))
      .map((name) => name.slice(TYPE_SETTING.length));
    const numbers = structs.map((record) => {
      const known = this.#recordTypes.find(
        (other) => other.skeleton.name === skeleton.name && other.record === record,
      );
      const type = known?.type ?? recordType.RECORD_OF_SOURCES + this.#recordTypes.length;
      if (type >= recordType.RECORD_TYPES)
        throw new RangeError(
          `the sources of a session can have ${recordType.RECORD_TYPES - recordType.RECORD_OF_SOURCES} kinds of records in process_events, and ${skeleton.name} would be one more: give it a ring of its own`,
        );
      if (known === undefined) this.#recordTypes.push({ type, skeleton, record });
      return [TYPE_SETTING + record, type] as const;
    });
    return Object.fromEntries(numbers);
  }
}
