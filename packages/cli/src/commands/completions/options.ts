/** What `waggle completions` is asked for, as command.ts reads it. */

export const SHELLS = ['bash', 'zsh', 'fish'] as const;

export type Shell = (typeof SHELLS)[number];
