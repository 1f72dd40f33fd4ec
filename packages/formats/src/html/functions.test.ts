/** The page's table of functions and its sandwich view, in a real browser. */
import { describe, expect } from 'bun:test';
import { browserPath } from '../../test/browser.ts';
import {
  clickAt,
  colourAt,
  drawn,
  MATCH,
  PROFILE,
  stack,
  tableRows,
  tooltipAt,
} from '../../test/flame-page.ts';
import { browserPages } from '../../test/open-page.ts';
import { profileOf } from '../../test/random-profile.ts';
import { encodeHtml } from './index.ts';

const executable = browserPath;
if (executable !== undefined) {
  const { open: openFile, browserTest } = browserPages(executable);
  const open = () => openFile('app.html', encodeHtml(PROFILE));

  describe('table of functions', () => {
    browserTest('sorts by each column, both ways', async () => {
      const page = await open();
      expect(await tableRows(page)).toEqual([
        '40.0 %4 40.0 %4 parse',
        '30.0 %3 30.0 %3 gc',
        '20.0 %2 20.0 %2 read',
        '10.0 %1 10.0 %1 idle',
        '0 %0 90.0 %9 main',
        '0 %0 60.0 %6 work',
      ]);
      const names = async () => (await tableRows(page)).map((row) => row.split(' ').at(-1));
      await page.click('th:has-text("Total")');
      expect(await names()).toEqual(['main', 'work', 'parse', 'gc', 'read', 'idle']);
      await page.click('th:has-text("Total")');
      expect(await names()).toEqual(['idle', 'read', 'gc', 'parse', 'work', 'main']);
      expect(await page.locator('th[aria-sort]').getAttribute('aria-sort')).toBe('ascending');
      await page.click('th:has-text("Function")');
      expect(await names()).toEqual(['gc', 'idle', 'main', 'parse', 'read', 'work']);
    });

    browserTest('a click marks the function in the graph, another one frees it', async () => {
      const page = await open();
      await page.click('tr:has-text("gc")');
      expect(await page.locator('#result').textContent()).toBe('30.0 % matched');
      expect(await colourAt(page, 2, 0.35)).toEqual(MATCH);
      expect(await tableRows(page)).toHaveLength(6);
      await page.click('tr:has-text("gc")');
      expect(await colourAt(page, 2, 0.35)).not.toEqual(MATCH);
    });

    browserTest('is walked by keys', async () => {
      const page = await open();
      await page.focus('#functions-scroller');
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Enter');
      expect(await page.locator('tr.selected').textContent()).toContain('gc');
      await page.keyboard.press('End');
      await page.keyboard.press('s');
      expect(await page.locator('#sandwich-name').textContent()).toBe('work');
    });
  });

  describe('sandwich', () => {
    browserTest('shows the callers above and the callees below', async () => {
      const page = await open();
      await page.click('#show-sandwich');
      expect(await page.locator('#sandwich-hint').isVisible()).toBe(true);
      await page.dblclick('tr:has-text("work")');
      expect(await page.locator('#sandwich-name').textContent()).toBe('work');
      expect(await page.locator('#sandwich-share').textContent()).toStartWith('6 samples, 60.0 %');
      expect((await tooltipAt(page, 0, 0.5, 'callees'))[0]).toBe('work');
      expect((await tooltipAt(page, 1, 0.6, 'callees'))[0]).toBe('parse');
      expect((await tooltipAt(page, 1, 0.8, 'callees'))[0]).toBe('read');
      const box = await page.locator('#callers-scroller').boundingBox();
      const last = (box?.height ?? 0) / 20 - 1;
      expect((await tooltipAt(page, last, 0.5, 'callers'))[0]).toBe('work');
      expect((await tooltipAt(page, last - 1, 0.5, 'callers'))[0]).toBe('main');
      await page.click('#show-graph');
      await clickAt(page, 3, 0.5, { shift: true });
      expect(await page.locator('#sandwich-name').textContent()).toBe('parse');
    });

    browserTest('a high tower of callers is entered at the function', async () => {
      const names = Array.from({ length: 60 }, (_, index) => `f${index}`);
      const profile = profileOf([stack(4, ...names), stack(2, 'f9', 'f59')]);
      const page = await openFile('high.html', encodeHtml(profile));
      await page.dblclick('tr:has-text("f59")');
      await drawn(page);
      const callersHeight = async (): Promise<number> =>
        (await page.locator('#callers-scroller').boundingBox())?.height ?? 0;
      expect((await tooltipAt(page, (await callersHeight()) / 20 - 1, 0.5, 'callers'))[0]).toBe(
        'f59',
      );
      await page.setViewportSize({ width: 1400, height: 500 });
      await drawn(page);
      expect((await tooltipAt(page, (await callersHeight()) / 20 - 1, 0.5, 'callers'))[0]).toBe(
        'f59',
      );
      expect((await tooltipAt(page, (await callersHeight()) / 20 - 2, 0.9, 'callers'))[0]).toBe(
        'f9',
      );
    });
  });
}
