/** The kinds of events that the kernel makes, alone: a command line names them without loading what makes them. */

/** All of them: every other list is made of this one. `failed-exec` costs every system call of the host a little. */
export const EVENT_KINDS = ['fork', 'exec', 'exit', 'failed-exec'] as const;

export type EventKind = (typeof EVENT_KINDS)[number];
