/** @waggle/tui: `waggle top`, the live view of a host in a terminal. Runs on Bun. See README.md. */

export type { HostMemory } from './app/header.ts';
export type { LiveDataOptions, ProcessDescription } from './app/live-data.ts';
export { SMALLEST } from './app/places.ts';
export { readSettings, type Settings } from './app/settings.ts';
export type { TopOptions } from './app/shown.ts';
export { Top } from './app/top.ts';
export { amountText, type Measure, valueTypeOf } from './model/measures.ts';
export type { ProcessFigures } from './model/process-table.ts';
export type { RecordedGap, RecordedSamples, Recording } from './model/recording.ts';
export type { CommandTerminal } from './terminal/embedded-terminal.ts';
export { type TerminalOptions, TerminalView } from './terminal/run-in-terminal.ts';
