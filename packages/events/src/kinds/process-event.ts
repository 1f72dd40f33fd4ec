/**
 * The unified event stream: what happened to which process. Records of the kernel, enriched
 * with what userspace knows; plain data, no behaviour. In paths, arguments and environments a byte
 * that is no UTF-8 is U+DC00 plus the byte; encoders make U+FFFD of it, and EventJson does.
 */

import type { CountByKind } from '@waggle/kernel';
import type { ExecEvent } from './exec-event.ts';
import type { ExitEvent } from './exit-event.ts';
import type { FailedExecEvent } from './failed-exec-event.ts';
import type { ForkEvent } from './fork-event.ts';

export type { ExecDetail } from './exec-detail.ts';
export type { ExecEvent } from './exec-event.ts';
export type { ExitEvent } from './exit-event.ts';
export type { FailedExecEvent } from './failed-exec-event.ts';
export type { ForkEvent } from './fork-event.ts';

/** Events that the kernel made and nobody will see: the ring buffer was full. */
export interface LostEvent {
  readonly event: 'lost';
  /** When it was noticed: nanoseconds since the Unix epoch. */
  readonly time: bigint;
  /** Of all kinds together. */
  readonly count: number;
  readonly lost: CountByKind;
}

export type ProcessEvent = ForkEvent | ExecEvent | ExitEvent | FailedExecEvent | LostEvent;

/** An event in the `load` phase, where it is completed. Observers get it as it is then. */
export type EventDraft<Event extends ProcessEvent> = { -readonly [Key in keyof Event]: Event[Key] };
