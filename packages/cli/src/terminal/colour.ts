/** Whether what is printed has colours. One choice for the process, as there is one standard output. */

export const WHEN = ['auto', 'always', 'never'] as const;
export type When = (typeof WHEN)[number];

let chosen: When = 'auto';

/** Colours on a terminal, and never with NO_COLOR (no-color.org), unless `--color` says otherwise. */
export function hasColour(
  isTerminal: boolean,
  environment: Readonly<Record<string, string | undefined>>,
): boolean {
  if (chosen !== 'auto') return chosen === 'always';
  return isTerminal && !environment.NO_COLOR && environment.TERM !== 'dumb';
}

export function chooseColour(when: When): void {
  chosen = when;
}
