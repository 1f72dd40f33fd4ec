/**
 * The colours that all pages have, and the rules by which a page is light or dark: as the system is, or as a reader
 * chose, which the script says in `data-theme` of the root.
 */

/** By name: `var(--page)`, `var(--text)`, … */
export type ColourVariables = Readonly<Record<string, string>>;

/** Text has a contrast of at least 4.5:1 on all of it. */
const LIGHT = {
  page: '#fdfbf8',
  text: '#1d1a17',
  muted: '#66605a',
  edge: '#dcd6cd',
  field: '#ffffff',
  raised: '#f4f0ea',
  accent: '#b4530a',
  danger: '#b3261e',
} as const;

const DARK: { readonly [Name in keyof typeof LIGHT]: string } = {
  page: '#17181b',
  text: '#eceae6',
  muted: '#a5a29c',
  edge: '#34363c',
  field: '#1d1f23',
  raised: '#212328',
  accent: '#f2a65a',
  danger: '#ff8a75',
};

/** What all pages have, by theme. */
export const PAGE_COLOURS: {
  readonly light: ColourVariables;
  readonly dark: ColourVariables;
} = { light: LIGHT, dark: DARK };

/** The rules that set these as variables of the page, and tell the browser which scheme it is. */
export function colourRules(light: ColourVariables, dark: ColourVariables): string {
  const ours = variables(light, 'light');
  const dim = variables(dark, 'dark');
  return [
    `:root{${ours}}`,
    `@media(prefers-color-scheme:dark){:root:not([data-theme=light]){${dim}}}`,
    `:root[data-theme=dark]{${dim}}`,
  ].join('\n');
}

function variables(colours: ColourVariables, scheme: 'light' | 'dark'): string {
  const all = Object.entries(colours).map(([name, value]) => `--${name}:${value}`);
  return [...all, `color-scheme:${scheme}`].join(';');
}
