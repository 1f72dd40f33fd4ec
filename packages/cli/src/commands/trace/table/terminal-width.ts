/** The width of the terminal, as it is now: it follows the window. */

import { isTerminal } from '../../../terminal/is-terminal.ts';

const STDOUT = 1;
const LEAST = 20;

/** Of standard output. Gives undefined where it is no terminal, or one that does not know its width. */
export function terminalWidth(): () => number | undefined {
  if (!isTerminal(STDOUT)) return () => undefined;
  let width: number | undefined;
  const look = () => {
    const [columns] = process.stdout.getWindowSize?.() ?? [];
    width = columns === undefined || columns < LEAST ? undefined : columns;
  };
  look();
  process.on('SIGWINCH', look);
  return () => width;
}
