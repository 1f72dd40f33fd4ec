/** The terminal's cells as a screen for views. */

import type { OptimizedBuffer, RGBA } from '@opentui/core';
import { columnsOf, firstColumns } from '@waggle/text/columns';
import type { Paint, Screen } from '../screen/screen.ts';
import { type Colour, type ColourDepth, lookOf, type Theme } from '../screen/theme.ts';

/** The library, which is loaded when a terminal is opened. */
export type Opentui = typeof import('@opentui/core');

interface Ink {
  readonly fg: RGBA;
  readonly bg: RGBA;
  readonly attributes: number;
}

export class CellScreen implements Screen {
  readonly #opentui: Opentui;
  readonly #buffer: OptimizedBuffer;
  readonly #theme: Theme;
  readonly #depth: ColourDepth;
  /** Paints are few, and made anew for each row. */
  readonly #inks = new Map<string, Ink>();

  constructor(opentui: Opentui, buffer: OptimizedBuffer, theme: Theme, depth: ColourDepth) {
    this.#opentui = opentui;
    this.#buffer = buffer;
    this.#theme = theme;
    this.#depth = depth;
  }

  get width(): number {
    return this.#buffer.width;
  }

  get height(): number {
    return this.#buffer.height;
  }

  put(x: number, y: number, text: string, paint: Paint = {}, columns = this.width - x): number {
    const room = Math.min(columns, this.width - x);
    if (y < 0 || y >= this.height || room <= 0 || text === '') return 0;
    const shown = firstColumns(text, room);
    const { fg, bg, attributes } = this.#inkOf(paint);
    this.#buffer.drawText(shown, x, y, fg, bg, attributes);
    return columnsOf(shown);
  }

  fill(x: number, y: number, width: number, height: number, paint: Paint = {}): void {
    const columns = Math.min(width, this.width - x);
    const { fg, bg, attributes } = this.#inkOf(paint);
    if (columns <= 0) return;
    // The library's own way has a colour for text that is not there.
    if (attributes === 0 && this.#depth === 'rgb') {
      this.#buffer.fillRect(x, y, columns, Math.min(height, this.height - y), bg);
      return;
    }
    for (let row = y; row < Math.min(y + height, this.height); row++)
      this.#buffer.drawText(' '.repeat(columns), x, row, fg, bg, attributes);
  }

  #inkOf(paint: Paint): Ink {
    const { fg, bg, bold, underline, inverse } = paint;
    const key = `${fg}/${bg}/${bold}/${underline}/${inverse}`;
    let ink = this.#inks.get(key);
    if (ink === undefined) {
      const look = lookOf(paint, this.#theme, this.#depth);
      const { TextAttributes } = this.#opentui;
      ink = {
        fg: this.#colour(look.fg, 'fg'),
        bg: this.#colour(look.bg, 'bg'),
        attributes:
          (look.bold ? TextAttributes.BOLD : 0) |
          (look.underline ? TextAttributes.UNDERLINE : 0) |
          (look.inverse ? TextAttributes.INVERSE : 0),
      };
      this.#inks.set(key, ink);
    }
    return ink;
  }

  #colour(value: Colour, ground: 'fg' | 'bg'): RGBA {
    const { RGBA } = this.#opentui;
    if (typeof value === 'number') return RGBA.fromIndex(value);
    if (value !== 'default') return RGBA.fromHex(value);
    return ground === 'fg' ? RGBA.defaultForeground() : RGBA.defaultBackground();
  }
}
