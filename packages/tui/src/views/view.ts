/**
 * What a view is, and what all views share: one selection of processes, one filter, one span of time.
 */

import type { ProfileFrame } from '@waggle/formats';
import type { EventLog } from '../model/event-log.ts';
import type { Measure } from '../model/measures.ts';
import type { ProcessRow } from '../model/process-row.ts';
import type { ProcessTable } from '../model/process-table.ts';
import type { Samples } from '../model/samples.ts';
import type { Screen } from '../screen/screen.ts';

export type ViewName = 'processes' | 'flame' | 'functions' | 'events' | 'output';

/** A key as it was pressed: `a`, `A`, `up`, `pagedown`, `enter`, `escape`, `space`, `ctrl+l`. */
export type Key = string;

export interface Shared {
  readonly processes: ProcessTable;
  /** Of what is shown. */
  readonly samples: Samples;
  /** What `samples` counts. */
  readonly measure: Measure;
  /** Those of CPUs, whatever is shown. */
  readonly cpuSamples: Samples;
  readonly events: EventLog;
  /** Of Date.now(): everything on one picture is of one moment. */
  readonly now: number;
  /** Grows with whatever is to be seen, but for the clock. */
  readonly version: number;
  /** Samples that a CPU that is always busy has in a second. */
  readonly frequencyHz: number;
  /** What rows, stacks and events must have in them; lower case, empty for all. */
  readonly filter: string;
  /** Only this process and its descendants. */
  readonly scope: number | undefined;
  /** Arguments are shown whole. */
  readonly reveal: boolean;
  /** Whose process: a name, or the number. */
  userName(uid: number): string;
  /** Arguments in one line, as a shell reads them; hidden but for the program where they may be secret. */
  commandText(argv: readonly string[]): string;
  /** Row passes filter and scope. */
  passes(row: ProcessRow): boolean;
  /** Which frames are in the pictures. */
  setFrames(keepsFrame: (frame: ProfileFrame) => boolean): void;
  /** Goes on with another view, perhaps about one process. */
  go(view: ViewName): void;
  setScope(pid: number | undefined): void;
  /** A word to the person, for a few seconds. */
  say(message: string): void;
  /** To the clipboard of the terminal (OSC 52). */
  copy(text: string): void;
  /** More is known about these: they are asked first. */
  show(pids: readonly number[]): void;
}

/** What is remembered of a view, as JSON has it. */
export type Choices = Readonly<Record<string, string | boolean>>;

export interface View {
  readonly name: ViewName;
  readonly title: string;
  /** Keys beside those that every view has, most important first. */
  readonly keys: readonly (readonly [key: string, what: string])[];
  draw(screen: Screen, shared: Shared): void;
  /** @returns whether the key was for it */
  press(key: Key, shared: Shared): boolean;
  /** A click or a second one at the same place; rows and columns of the view. */
  click?(x: number, y: number, twice: boolean, shared: Shared): void;
  /** What people chose in it, to be remembered. */
  choices?(): Choices;
  /** Restores what they chose the last time, and ignores what is no choice. */
  choose?(choices: Choices): void;
  /** Back to where it was before anything was selected. @returns whether there was something */
  escape?(shared: Shared): boolean;
}

/** What search and filter look at, of a function. */
export function frameText({ name, object = '' }: ProfileFrame): string {
  return `${name} ${object}`.toLowerCase();
}
