/** What of a terminal pictures need. */

import { SMALLEST } from '@waggle/tui';
import { isTerminal } from '../../terminal/is-terminal.ts';

/** Four times what a large screen has in its smallest letters: each picture looks at all of them. */
const MAX_CELLS = 1_000_000;

/** @returns in words why there can be none */
export function whyNoTerminal(
  term: string | undefined,
  { columns, rows }: { readonly columns?: number; readonly rows?: number },
): string | undefined {
  if (!isTerminal(0) || !isTerminal(1))
    return 'top needs a terminal on standard input and output; `waggle trace` and `waggle record` write to pipes and files';
  if (term === undefined || term === '' || term === 'dumb')
    return `top needs a terminal that can move its cursor, and TERM is "${term ?? ''}"; \`waggle trace\` prints lines`;
  if ((columns ?? 0) < SMALLEST.width || (rows ?? 0) < SMALLEST.height)
    return `this terminal has ${columns} columns and ${rows} rows: top needs ${SMALLEST.width} x ${SMALLEST.height}, make it larger`;
  if ((columns ?? 0) * (rows ?? 0) > MAX_CELLS)
    return `this terminal has ${columns} columns and ${rows} rows, more than top draws: make it smaller (stty rows 50 columns 200)`;
  return undefined;
}
