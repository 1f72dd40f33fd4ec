/**
 * The part of the Firefox Profiler's "processed profile" that waggle writes, and what both directions
 * have to agree on. Tables are stored by column, and refer to each other by row number. Source:
 * docs-developer/CHANGELOG-formats.md and src/types/profile.ts of firefox-devtools/profiler.
 */
import type { FrameKind } from '../profile.ts';

/**
 * The version written. The viewer upgrades older files and refuses newer ones, so this is the oldest
 * in which threads share their tables: viewers that somebody hosts and rarely updates take it too.
 */
export const PROCESSED_VERSION = 60;
/** The version of Firefox's own recordings at that time. The viewer asks for it, and ignores it. */
export const GECKO_VERSION = 33;

export const PRODUCT = 'waggle';

/** The viewer colours by category, and has few colours. The grey one is its default. */
export const CATEGORIES: readonly { kind: FrameKind; name: string; color: string }[] = [
  { kind: 'unresolved', name: 'Unresolved', color: 'grey' },
  { kind: 'user', name: 'User', color: 'orange' },
  { kind: 'kernel', name: 'Kernel', color: 'blue' },
  { kind: 'process', name: 'Process', color: 'purple' },
];

/** Labels of what the viewer lists under "more info"; they are how the metadata is read back. */
export const DETAILS = {
  host: 'Host',
  /** What was profiled, where that is neither a command nor the host. */
  target: 'Recorded',
  frequency: 'Samples per second and CPU',
  duration: 'Recorded for',
  samples: 'Samples',
  /** What weights are, where they are not samples. */
  value: 'Shown value',
  lost: 'Lost samples',
} as const;

/** `ResourceType.Library` of the viewer. */
export const LIBRARY = 1;

type Column<Value> = readonly Value[];

export interface FirefoxSharedTables {
  readonly stringArray: Column<string>;
  readonly stackTable: {
    readonly frame: Column<number>;
    /** The caller's row, which always comes before; null at a root. */
    readonly prefix: Column<number | null>;
    readonly length: number;
  };
  readonly frameTable: {
    readonly func: Column<number>;
    readonly category: Column<number>;
    readonly subcategory: Column<number>;
    readonly address: Column<number>;
    readonly inlineDepth: Column<number>;
    readonly nativeSymbol: Column<null>;
    readonly innerWindowID: Column<null>;
    readonly line: Column<number | null>;
    readonly column: Column<null>;
    readonly length: number;
  };
  readonly funcTable: {
    readonly name: Column<number>;
    readonly isJS: Column<boolean>;
    readonly relevantForJS: Column<boolean>;
    /** -1 without one. */
    readonly resource: Column<number>;
    readonly source: Column<number | null>;
    /** Of the function's beginning, which waggle does not know. */
    readonly lineNumber: Column<null>;
    readonly columnNumber: Column<null>;
    readonly length: number;
  };
  readonly resourceTable: {
    readonly name: Column<number>;
    readonly lib: Column<number>;
    readonly host: Column<null>;
    readonly type: Column<number>;
    readonly length: number;
  };
  readonly nativeSymbols: object;
  readonly sources: {
    /** Of JavaScript only. */
    readonly uuid: Column<null>;
    readonly filename: Column<number>;
    readonly length: number;
  };
}

export interface FirefoxLibrary {
  readonly name: string;
  readonly path: string;
  readonly debugName: string;
  readonly debugPath: string;
  readonly arch: string;
  readonly breakpadId: string;
  readonly codeId: null;
}

/** What the viewer has names for. */
export type WeightType = 'samples' | 'tracing-ms' | 'bytes';

export interface FirefoxSamples {
  readonly stack: Column<number | null>;
  /** Milliseconds. */
  readonly time: Column<number>;
  readonly weight: Column<number>;
  readonly weightType: WeightType;
  readonly length: number;
}
