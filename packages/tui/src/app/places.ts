/** Where on a terminal what is. */

/** Below it there is room for a hint and nothing else. */
export const SMALLEST = { width: 40, height: 8 } as const;

export function isTooSmall({ width, height }: Pick<Place, 'width' | 'height'>): boolean {
  return width < SMALLEST.width || height < SMALLEST.height;
}

/** Columns and rows of a terminal. */
export interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Of every view: below the two lines at the top, above the one at the foot. */
export function outputPlaceOf(width: number, height: number): Place {
  return { x: 0, y: 2, width: Math.max(width, 1), height: Math.max(height - 3, 1) };
}
