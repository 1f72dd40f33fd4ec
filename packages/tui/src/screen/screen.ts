/**
 * What views draw on: a grid of cells. The real one is a terminal (terminal/), the one for tests a
 * grid in memory. Views name tones, and a theme makes colours of them.
 */

/** What a cell is for; a theme says how that looks. */
export type Tone =
  | 'text'
  | 'dim'
  | 'accent'
  | 'good'
  | 'bad'
  | 'warn'
  | 'background'
  | 'panel'
  | 'selection'
  | 'match'
  | `user${Shade}`
  | `kernel${Shade}`
  | `process${Shade}`
  | `unresolved${Shade}`;

/** Neighbours in a flame graph are told apart by it. */
export type Shade = 0 | 1 | 2 | 3;
export const SHADES = 4;

export interface Paint {
  readonly fg?: Tone;
  readonly bg?: Tone;
  readonly bold?: boolean;
  readonly underline?: boolean;
  /** Where there are no colours it is what tells a selection. */
  readonly inverse?: boolean;
}

export interface Screen {
  /** In columns. */
  readonly width: number;
  /** In rows. */
  readonly height: number;
  /**
   * Writes one line of text, what does not fit left out. Text of others must have been made printable.
   * @returns the columns that it takes
   */
  put(x: number, y: number, text: string, paint?: Paint, columns?: number): number;
  /** Paints cells without text. */
  fill(x: number, y: number, width: number, height: number, paint?: Paint): void;
}

/** A part of a screen as a screen of its own. */
export function region(
  screen: Screen,
  left: number,
  top: number,
  width: number,
  height: number,
): Screen {
  const columns = Math.max(Math.min(width, screen.width - left), 0);
  const rows = Math.max(Math.min(height, screen.height - top), 0);
  return {
    width: columns,
    height: rows,
    put(x, y, text, paint, most = columns) {
      if (y < 0 || y >= rows || x >= columns) return 0;
      return screen.put(left + x, top + y, text, paint, Math.min(most, columns - x));
    },
    fill(x, y, w, h, paint) {
      const right = Math.min(x + w, columns);
      const bottom = Math.min(y + h, rows);
      if (right > x && bottom > y) screen.fill(left + x, top + y, right - x, bottom - y, paint);
    },
  };
}
