/** The page of a profile as a reader sees and handles it: by pointer, keys and what is drawn where. */
import type { Page } from 'playwright-core';
import type { ProfileStack } from '../src/index.ts';
import { profileOf } from './random-profile.ts';

export const stack = (count: number, ...names: string[]): ProfileStack => ({
  frames: names.map((name) => ({ name, kind: 'user', object: '/usr/bin/app' })),
  count,
});

// idle 1 | main 9
//        | gc 3 | work 6
//               | parse 4 | read 2
export const PROFILE = profileOf([
  stack(4, 'main', 'work', 'parse'),
  stack(2, 'main', 'work', 'read'),
  stack(3, 'main', 'gc'),
  stack(1, 'idle'),
]);

/** Of a match, as it is drawn. */
export const MATCH = [0xff, 0x6a, 0xd5];

/** Rows of the chart, in px: ../src/html/viewer/chart.ts. */
const ROW = 20;

export type ChartName = 'graph' | 'callers' | 'callees';

/** A place in a chart: row from the top, and part of the width from the left. */
export async function placeIn(page: Page, chart: ChartName, row: number, part: number) {
  const box = await page.locator(`#${chart}-scroller`).boundingBox();
  if (box === null) throw new Error(`the ${chart} chart is not shown`);
  return { x: box.x + box.width * part, y: box.y + ROW * (row + 0.5) };
}

/** Waits until what was asked for is drawn. */
export async function drawn(page: Page): Promise<void> {
  await page.evaluate(
    'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))',
  );
}

/** Points at a box and reads the tooltip; empty where there is no box. */
export async function tooltipAt(
  page: Page,
  row: number,
  part: number,
  chart: ChartName = 'graph',
): Promise<string[]> {
  const { x, y } = await placeIn(page, chart, row, part);
  // From elsewhere, so that it always is a movement.
  await page.mouse.move(2, 2);
  await page.mouse.move(x, y);
  if (await page.locator('#tooltip').isHidden()) return [];
  return page.locator('#tooltip > div').allTextContents();
}

export async function clickAt(
  page: Page,
  row: number,
  part: number,
  options: { chart?: ChartName; shift?: boolean } = {},
): Promise<void> {
  const { x, y } = await placeIn(page, options.chart ?? 'graph', row, part);
  if (options.shift) await page.keyboard.down('Shift');
  await page.mouse.click(x, y);
  if (options.shift) await page.keyboard.up('Shift');
  await drawn(page);
}

/** The colour that is drawn near a box's right edge, where no label is: [red, green, blue]. */
export async function colourAt(page: Page, row: number, part: number): Promise<number[]> {
  await drawn(page);
  // By a copy: canvases that are read again and again warn of it.
  return page.evaluate(`(() => {
    const canvas = document.getElementById('graph-canvas');
    const pencil = Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d');
    const x = Math.floor(canvas.width * ${part});
    const y = Math.floor(devicePixelRatio * ${ROW * row + 3});
    pencil.drawImage(canvas, x, y, 1, 1, 0, 0, 1, 1);
    return [...pencil.getImageData(0, 0, 1, 1).data].slice(0, 3);
  })()`);
}

/** What the table shows, row by row, as text. */
export async function tableRows(page: Page): Promise<string[]> {
  const rows = await page.locator('#functions-body tr:not(.gap)').allInnerTexts();
  return rows.map((row) => row.replace(/\s+/g, ' ').trim());
}
