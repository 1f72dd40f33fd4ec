// What plugins get of the sources that they declared, and where the records of those go.

import type { RecordReaderClass, Skeleton, Source } from '@waggle/bpf';
import { type Native, RingBuffer } from '@waggle/ffi';
import type { KernelSettings, LoadedSources } from '@waggle/kernel';
import type { RecordRoute, SourceRecords } from '../events/source-records.ts';
import type { Plugin } from '../plugin/plugin.ts';
import {
  type AnyRecordHandlers,
  type PluginSource,
  pluginSource,
} from '../plugin/plugin-source.ts';

export interface PluginSources {
  /** @throws RangeError for a source that the plugin did not declare */
  of<S extends Skeleton>(plugin: Plugin, source: Source<S>): PluginSource<S>;
  /** Whether it takes records: after its set-up. */
  takesRecords(plugin: Plugin): boolean;
}

export class SessionPluginSources implements PluginSources {
  readonly #native: Native;
  readonly #sources: LoadedSources;
  readonly #records: SourceRecords;
  readonly #settings: KernelSettings;
  readonly #taking = new Set<string>();

  constructor(
    native: Native,
    sources: LoadedSources,
    settings: KernelSettings,
    records: SourceRecords,
  ) {
    this.#native = native;
    this.#sources = sources;
    this.#settings = settings;
    this.#records = records;
  }

  of<S extends Skeleton>(plugin: Plugin, { skeleton }: Source<S>): PluginSource<S> {
    const isDeclared = plugin.spec.sources.some((own) => own.skeleton.name === skeleton.name);
    const loaded = isDeclared ? this.#sources.get(skeleton) : undefined;
    if (loaded === undefined)
      throw new RangeError(
        `plugin "${plugin.name}" asks for the source ${skeleton.name}, which it does not declare: put it into \`sources\``,
      );
    return pluginSource<S>(
      loaded,
      () => this.#lost(skeleton),
      (handlers) => this.#route(plugin.name, skeleton, handlers),
    );
  }

  takesRecords({ name }: Plugin): boolean {
    return this.#taking.has(name);
  }

  #lost({ name }: Skeleton): number {
    const { droppedOfType } = this.#settings.readCounts();
    return this.#sources.recordTypes
      .filter(({ skeleton }) => skeleton.name === name)
      .reduce((sum, { type }) => sum + droppedOfType(type), 0);
  }

  #route(plugin: string, skeleton: Skeleton, handlers: AnyRecordHandlers): void {
    for (const [ring, records] of Object.entries(skeleton.records)) {
      const taken = Object.entries(records).flatMap(([record, reader]) => {
        const handle = handlers[record];
        return handle === undefined ? [] : [{ record, route: { plugin, reader, handle } }];
      });
      if (taken.length > 0) this.#routeRing(skeleton, ring, records, taken);
    }
    this.#taking.add(plugin);
  }

  #routeRing(
    skeleton: Skeleton,
    ring: string,
    records: Readonly<Record<string, RecordReaderClass>>,
    taken: readonly { readonly record: string; readonly route: RecordRoute }[],
  ): void {
    if (skeleton.maps[ring]?.isShared === true) {
      for (const { record, route } of taken) {
        const known = this.#sources.recordTypes.find(
          (other) => other.skeleton.name === skeleton.name && other.record === record,
        );
        if (known !== undefined) this.#records.routeType(known.type, route);
      }
      return;
    }
    const [only] = taken;
    if (only === undefined || Object.keys(records).length > 1)
      throw new RangeError(
        `the ring ${ring} of ${skeleton.name} carries more than one kind of record, which nothing tells apart: give each a ring`,
      );
    const map = this.#sources.get(skeleton)?.object.map(ring);
    if (map !== undefined) this.#records.routeRing(new RingBuffer(this.#native, map), only.route);
  }
}
