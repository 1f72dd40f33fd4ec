// Tests that failed and are run once more, alone: which, and how one is chosen.

/** More failures than this in one package are no accident of the machine. */
export const MAX_RUN_AGAIN = 3;

/** An entry of .test-results/passed-again.json. */
export interface PassedAgain {
  /** `bun`, `deno` or `node`. */
  readonly runner: string;
  /** The full name, as in the JUnit file. */
  readonly name: string;
}

/** What `bun test FILE -t PATTERN` needs for the one test of this full name. */
export function selectionOf(name: string): { readonly file: string; readonly pattern: string } {
  const [file = '', ...titles] = name.split(' > ');
  const quoted = titles.map((title) => title.replaceAll(/[.*+?^${}()|[\]\\/-]/g, '\\$&'));
  // bun joins the titles by a space; a title of its own may hold the separator.
  return { file, pattern: `^${quoted.join('( >)? ')}$` };
}
