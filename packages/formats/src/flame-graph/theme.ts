/** Colours of everything but the boxes, light and dark, and the fonts: the picture and the page share them. */

export const MONOSPACE =
  "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace";

export interface Theme {
  readonly page: string;
  readonly text: string;
  readonly muted: string;
  readonly edge: string;
  readonly field: string;
  readonly outline: string;
}

export const LIGHT: Theme = {
  page: '#fdfcfa',
  text: '#1d1a16',
  muted: '#655e55',
  edge: '#dcd5cc',
  field: '#ffffff',
  outline: '#1d1510',
};

export const DARK: Theme = {
  page: '#17181c',
  text: '#efeae2',
  muted: '#a9a197',
  edge: '#34363d',
  field: '#22242a',
  outline: '#ffffff',
};

/** What a search found. */
export const MATCH_COLOUR = '#ff6ad5';
