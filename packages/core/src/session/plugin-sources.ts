/** What plugins get of the sources that they declared, and where the records of those go. */

import type { RecordReaderClass, Skeleton, Source } from '@waggle/bpf';
import type { RecordRoute, SourceRecords } from '@waggle/events';
import { type Native, RingBuffer } from '@waggle/ffi';
import { type KernelSettings, type LoadedSources, SourceMap } from '@waggle/kernel';
import type { Plugin } from '../plugin/plugin.ts';
import {
  type AnyRecordHandlers,
  type PluginSource,
  pluginSource,
  type RecordRoutes,
} from '../plugin/plugin-source.ts';

export interface PluginSources {
  /** @throws RangeError for a source that the plugin did not declare */
  of<S extends Skeleton>(plugin: Plugin, source: Source<S>): PluginSource<S>;
  /** Whether it takes records: after its set-up. */
  takesRecords(plugin: Plugin): boolean;
}

/** A ring's own count of what it had no room for (bpf/waggle.h, OWN_RING). */
const lostOf = (ring: string) => `${ring}_lost`;

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

  /** The events that the sources of a session declare. @throws RangeError as a plugin's own records */
  routeEvents(sources: readonly Source[]): void {
    for (const { skeleton, events } of sources) {
      const routes = Object.entries(events).map(
        ([event, record]) =>
          [
            record,
            (reader: RecordReaderClass): RecordRoute => ({ to: 'events', event, reader }),
          ] as const,
      );
      this.#route(skeleton, routes);
    }
  }

  of<S extends Skeleton>(plugin: Plugin, { skeleton }: Source<S>): PluginSource<S> {
    const isDeclared = plugin.spec.sources.some((own) => own.skeleton.name === skeleton.name);
    const loaded = isDeclared ? this.#sources.get(skeleton) : undefined;
    if (loaded === undefined)
      throw new RangeError(
        `plugin "${plugin.name}" asks for the source ${skeleton.name}, which it does not declare: put it into \`sources\``,
      );
    return pluginSource<S>(
      this.#native,
      loaded,
      () => this.#lost(skeleton),
      this.#routesOf(plugin, skeleton),
    );
  }

  takesRecords({ name }: Plugin): boolean {
    return this.#taking.has(name);
  }

  #lost(skeleton: Skeleton): number {
    const { droppedOfType } = this.#settings.readCounts();
    const ofEvents = this.#sources.recordTypes
      .filter((type) => type.skeleton.name === skeleton.name)
      .reduce((sum, { type }) => sum + droppedOfType(type), 0);
    const object = this.#sources.get(skeleton)?.object;
    const ofRings = Object.keys(skeleton.records).reduce((sum, ring) => {
      const description = skeleton.maps[lostOf(ring)];
      if (description === undefined || object === undefined) return sum;
      return sum + Number(new SourceMap(description, object.map(description.name)).get(0 as never));
    }, 0);
    return ofEvents + ofRings;
  }

  #routesOf({ name: plugin }: Plugin, skeleton: Skeleton): RecordRoutes {
    const routed = (
      handlers: AnyRecordHandlers,
      to: (reader: RecordReaderClass, handle: (record: never) => unknown) => RecordRoute,
    ) => {
      const routes = Object.entries(handlers).map(
        ([record, handle]) => [record, (reader: RecordReaderClass) => to(reader, handle)] as const,
      );
      this.#route(skeleton, routes);
      this.#taking.add(plugin);
    };
    return {
      copies: (handlers) =>
        routed(handlers, (reader, handle) => ({ to: 'handler', plugin, reader, handle })),
      inPlace: (handlers) =>
        routed(handlers, (reader, read) => ({ to: 'reader', plugin, reader, read })),
    };
  }

  #route(
    skeleton: Skeleton,
    routes: readonly (readonly [string, (reader: RecordReaderClass) => RecordRoute])[],
  ): void {
    for (const [record, routeOf] of routes)
      for (const [ring, records] of Object.entries(skeleton.records)) {
        const reader = records[record];
        if (reader !== undefined) this.#routeRecord(skeleton, ring, record, routeOf(reader));
      }
  }

  #routeRecord(skeleton: Skeleton, ring: string, record: string, route: RecordRoute): void {
    if (skeleton.maps[ring]?.isShared === true) {
      const known = this.#sources.recordTypes.find(
        (other) => other.skeleton.name === skeleton.name && other.record === record,
      );
      if (known !== undefined) this.#records.routeType(known.type, route);
      return;
    }
    if (Object.keys(skeleton.records[ring] ?? {}).length > 1)
      throw new RangeError(
        `the ring ${ring} of ${skeleton.name} carries more than one kind of record, which nothing tells apart: give each a ring`,
      );
    const map = this.#sources.get(skeleton)?.object.map(ring);
    if (map === undefined) return;
    const open = () => new RingBuffer(this.#native, map);
    this.#records.routeRing(`${skeleton.name}/${ring}`, open, route);
  }
}
