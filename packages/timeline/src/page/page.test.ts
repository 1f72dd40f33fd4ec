// The page in a real browser: what it says of a build, by pointer, by keys and as a table; that names of
// others do nothing in it; that fifty thousand processes are no trouble.

import { describe, expect, test } from 'bun:test';
import { madeBuild } from '../../test/made-build.ts';
import { browserPath, openPage } from '../../test/open-page.ts';
import { execLine, exitLine } from '../../test/recordings.ts';
import { parseEvent, type RecordedEvent } from '../events/recorded-event.ts';
import { ProcessHistory } from '../processes/history.ts';
import { timelinePage } from './encode.ts';

const TIMEOUT_MS = 180_000;

function pageOf(lines: readonly string[]): string {
  const history = new ProcessHistory();
  for (const line of lines) history.add(parseEvent(line) as RecordedEvent);
  return timelinePage(history);
}

test('the same recording gives the same page, and none says so', () => {
  const { lines } = madeBuild(5);
  expect(pageOf(lines)).toBe(pageOf(lines));
  expect(pageOf([])).toContain('No processes were recorded.');
});

describe.if(browserPath !== undefined)('in a browser', () => {
  test(
    'a build: facts, programs, details, search, critical path, table',
    async () => {
      const build = madeBuild(60);
      await using opened = await openPage(pageOf(build.lines));
      const { page, complaints } = opened;
      expect(await page.textContent('h1')).toBe('make -j4');
      expect(await page.textContent('.about')).toContain(`Processes${build.processes}`);
      expect(await page.textContent('.about')).toContain(`Failed${build.failed}`);
      expect(await page.textContent('.programs')).toMatch(/cc1\s*60/);

      // The bar of make is the second lane, its first gcc in the third.
      const box = await page.locator('#chart-canvas').boundingBox();
      await page.mouse.click(box!.x + box!.width / 2, box!.y + 19 + 8);
      expect(await page.textContent('#details')).toContain('make -j4');
      await page.keyboard.press('Escape');
      expect(await page.textContent('#details')).toContain('Programs');

      await page.fill('#search', 'file42.c');
      expect(await page.textContent('#result')).toBe('2 found');
      await page.press('#search', 'Enter');
      expect(await page.textContent('#details')).toContain('code 1');
      expect(await page.textContent('#details')).toContain('gcc -O2 -c src/file42.c -o file42.o');
      expect(await page.textContent('#details')).toContain('/src');
      await page.press('#search', 'Escape');

      await page.keyboard.press('c');
      expect(await page.getAttribute('#critical', 'aria-pressed')).toBe('true');
      await page.mouse.move(box!.x + 300, box!.y + 60);
      await page.mouse.wheel(0, -600);
      await page.waitForSelector('#reset[aria-disabled=false]');
      await page.keyboard.press('0');
      await page.waitForSelector('#reset[aria-disabled=true]');

      await page.click('#show-table');
      expect(await page.textContent('#table-count')).toBe('2 processes');
      await page.fill('#search', '');
      expect(await page.textContent('#table-count')).toBe(`${build.processes} processes`);
      await page.click('#table-head button:has-text("Ended")');
      expect(await page.textContent('#table-body tr td:nth-child(6)')).toBe('code 1');
      await page.focus('#table-scroller');
      await page.keyboard.press('End');
      expect(await page.locator('#table-body tr.active').count()).toBe(1);
      expect(complaints).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    'names and arguments of others are text',
    async () => {
      const evil = '</script><img src=x onerror=alert(1)>"\'&\u202e\u0000';
      const argv = [evil, '<!--', '__proto__', '\ud800', 'x'.repeat(50_000)];
      const history = [
        execLine(
          { pid: 5, comm: evil },
          { argv, cwd: evil, containerId: evil, environ: [`A=${evil}`] },
        ),
        exitLine({ pid: 5, at: 900_000, comm: evil }, { argv, signal: evil }),
      ];
      await using opened = await openPage(pageOf(history));
      const { page, complaints } = opened;
      await page.fill('#search', 'onerror');
      await page.press('#search', 'Enter');
      expect(await page.textContent('#details')).toContain('<img src=x onerror=alert(1)>');
      await page.press('#search', 'Escape');
      await page.click('#show-table');
      expect(await page.locator('img').count()).toBe(0);
      expect(complaints).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    'fifty thousand processes open within 2 s of the CPU, and pan at 8 ms of it a frame',
    async () => {
      const build = madeBuild(17_000);
      expect(build.processes).toBeGreaterThan(50_000);
      await using opened = await openPage(pageOf(build.lines));
      const { page, complaints } = opened;
      // By the CPU time of the page's own thread: this machine may be busy with other things.
      const session = await page.context().newCDPSession(page);
      await session.send('Performance.enable', { timeDomain: 'threadTicks' });
      const seconds = async (name: string): Promise<number> => {
        const { metrics } = await session.send('Performance.getMetrics');
        return metrics.find((metric) => metric.name === name)?.value ?? Number.NaN;
      };
      await page.reload();
      await page.waitForSelector('html[data-ready]', { state: 'attached', timeout: 100_000 });
      expect(await seconds('TaskDuration')).toBeLessThan(2);
      expect(await page.textContent('.about')).toContain(build.processes.toLocaleString('en'));

      // Near, where all bars are there by themselves, and far, where each pixel is many.
      for (const zoom of [-300, -2000, 3000]) {
        const box = await page.locator('#chart-canvas').boundingBox();
        await page.mouse.move(box!.x + 400, box!.y + 60);
        await page.mouse.wheel(0, zoom);
        const before = await seconds('ScriptDuration');
        const FRAMES = 60;
        await page.evaluate(`(${PAN})(${FRAMES})`);
        const perFrame = (1000 * ((await seconds('ScriptDuration')) - before)) / FRAMES;
        expect(perFrame).toBeLessThan(8);
      }
      await page.fill('#search', 'file16999');
      expect(await page.textContent('#result')).toBe('3 found');
      await page.click('#show-table');
      await page.fill('#search', '');
      expect(await page.locator('#table-body tr').count()).toBeLessThan(200);
      expect(complaints).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    'dark as the system is, and either by choice',
    async () => {
      const html = pageOf(madeBuild(3).lines);
      await using opened = await openPage(html, { colorScheme: 'dark' });
      const { page } = opened;
      const background = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
      expect(await background()).toBe('rgb(23, 24, 27)');
      await page.click('#theme');
      expect(await background()).toBe('rgb(253, 251, 248)');
    },
    TIMEOUT_MS,
  );
});

/** Moves to and fro, a step a frame. Text, since these sources have no DOM types. */
const PAN = `async (frames) => {
  const scroller = document.getElementById('chart-scroller');
  for (let frame = 0; frame < frames; frame++) {
    const deltaX = frame % 20 < 10 ? 40 : -40;
    scroller.dispatchEvent(new WheelEvent('wheel', { deltaX, cancelable: true, bubbles: true }));
    await new Promise((next) => requestAnimationFrame(next));
  }
}`;
