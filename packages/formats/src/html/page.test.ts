/** The page in a real browser: what a reader does with it, and what it must not do. */
import { describe, expect } from 'bun:test';
import type { Page } from 'playwright-core';
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
import { HOSTILE_NAMES, profileOf, randomOf } from '../../test/random-profile.ts';
import { displayText } from '../flame-graph/safe-text.ts';
import type { Profile } from '../profile.ts';
import { encodeHtml, type HtmlOptions } from './index.ts';

const executable = browserPath;
if (executable !== undefined) {
  const { open: openFile, browserTest, takeComplaints } = browserPages(executable);
  const open = (
    profile: Profile = PROFILE,
    options: { hash?: string; width?: number; colorScheme?: 'light' | 'dark' } = {},
    html: HtmlOptions = {},
  ) => openFile('app.html', encodeHtml(profile, html), options);

  describe('opening', () => {
    browserTest('says what was recorded, and describes a box that is pointed at', async () => {
      const page = await open();
      expect(await page.title()).toBe('node app.js on web-3');
      expect(await page.locator('h1').textContent()).toBe('node app.js on web-3');
      const facts = (await page.locator('.facts div').allTextContents()).join(' ');
      expect(facts).toBe(
        'Samples10, 3 lost Frequency99 Hz Duration10.5 s Started2025-03-04 05:06:07 UTC',
      );
      expect(await page.locator('#status').textContent()).toBe('all · 10 samples, 100.0 %');
      expect(await tooltipAt(page, 2, 0.25)).toEqual([
        'gc',
        '3 samples, 30.0 %',
        'self 3 samples, 30.0 %',
        'user · /usr/bin/app',
      ]);
      expect(await page.locator('#status').textContent()).toStartWith('gc · 3 samples');
      expect(await tooltipAt(page, 1, 0.05)).toContain('idle');
      expect(await tooltipAt(page, 2, 0.05)).toEqual([]);
      expect(await tooltipAt(page, 9, 0.5)).toEqual([]);
    });

    browserTest('restores zoom, search, function and view from the address', async () => {
      const page = await open(PROFILE, { hash: '#zoom=2&search=parse' });
      expect(await page.locator('#result').textContent()).toBe('44.4 % matched');
      expect((await tooltipAt(page, 2, 0.1))[0]).toBe('gc');
      const sandwich = await open(PROFILE, { hash: '#function=2&view=sandwich' });
      expect(await sandwich.locator('#sandwich-name').textContent()).toBe('main');
      const strange = await open(PROFILE, { hash: '#zoom=999&function=constructor&view=1' });
      expect((await tooltipAt(strange, 1, 0.05))[0]).toBe('idle');
    });

    browserTest('without samples there is a page that says so', async () => {
      const page = await open(profileOf([]));
      expect(await page.locator('main').textContent()).toBe('No samples were recorded.');
    });
  });

  describe('zoom', () => {
    browserTest('a click fills the view; the button, Back and Escape go out', async () => {
      const page = await open();
      await clickAt(page, 2, 0.6);
      // work, over the whole width, under its callers.
      expect((await tooltipAt(page, 0, 0.01))[0]).toBe('all');
      expect((await tooltipAt(page, 1, 0.01))[0]).toBe('main');
      expect(await tooltipAt(page, 3, 0.01)).toEqual([
        'parse',
        '4 samples, 40.0 %',
        'self 4 samples, 40.0 %',
        '66.7 % of view',
        'user · /usr/bin/app',
      ]);
      expect(new URL(page.url()).hash).toBe('#zoom=4');
      await clickAt(page, 3, 0.9);
      expect((await tooltipAt(page, 3, 0.01))[0]).toBe('read');
      await page.goBack();
      await drawn(page);
      expect((await tooltipAt(page, 3, 0.01))[0]).toBe('parse');
      await page.click('#reset');
      expect((await tooltipAt(page, 1, 0.05))[0]).toBe('idle');
      await clickAt(page, 1, 0.05);
      expect((await tooltipAt(page, 1, 0.9))[0]).toBe('idle');
      await page.keyboard.press('Escape');
      expect((await tooltipAt(page, 1, 0.9))[0]).toBe('main');
    });

    browserTest('the way there is drawn for those who want motion', async () => {
      const page = await open();
      await page.emulateMedia({ reducedMotion: 'no-preference' });
      await clickAt(page, 1, 0.05);
      await page.waitForTimeout(400);
      expect((await tooltipAt(page, 1, 0.9))[0]).toBe('idle');
    });

    browserTest('flip turns the graph over', async () => {
      const page = await open();
      const bottomRow = async (): Promise<number> => {
        const box = await page.locator('#graph-scroller').boundingBox();
        return (box?.height ?? 0) / 20 - 1;
      };
      await page.click('#flip');
      expect((await tooltipAt(page, await bottomRow(), 0.5))[0]).toBe('all');
      expect((await tooltipAt(page, (await bottomRow()) - 1, 0.5))[0]).toBe('main');
      await page.keyboard.press('i');
      expect((await tooltipAt(page, 0, 0.5))[0]).toBe('all');
      const upward = await open(PROFILE, {}, { inverted: false });
      const box = await upward.locator('#graph-scroller').boundingBox();
      expect((await tooltipAt(upward, (box?.height ?? 0) / 20 - 1, 0.5))[0]).toBe('all');
    });
  });

  describe('search', () => {
    browserTest('marks matches, says their share of the view, narrows the table', async () => {
      const page = await open();
      await page.fill('#search', 'R');
      expect(await page.locator('#result').textContent()).toBe('60.0 % matched');
      expect(await colourAt(page, 2, 0.97)).toEqual(MATCH);
      expect(await colourAt(page, 2, 0.35)).not.toEqual(MATCH);
      expect(await tableRows(page)).toHaveLength(3);
      await page.fill('#search', '/^(gc|idle)$/');
      expect(await page.locator('#result').textContent()).toBe('40.0 % matched');
      expect(await colourAt(page, 2, 0.35)).toEqual(MATCH);
      expect(new URL(page.url()).hash).toBe('#search=%2F%5E%28gc%7Cidle%29%24%2F');
      await clickAt(page, 1, 0.5);
      expect(await page.locator('#result').textContent()).toBe('33.3 % matched');
      await page.fill('#search', 'nothing');
      expect(await page.locator('#result').textContent()).toBe('no match');
      expect(await tableRows(page)).toEqual([]);
      await page.fill('#search', '');
      expect(await page.locator('#result').textContent()).toBe('');
      expect(await tableRows(page)).toHaveLength(6);
    });

    browserTest('Ctrl-F goes to the field, Enter from match to match, Escape back', async () => {
      const page = await open();
      await page.keyboard.press('Control+f');
      await page.keyboard.type('/parse|gc/');
      await page.keyboard.press('Enter');
      await drawn(page);
      expect((await tooltipAt(page, 3, 0.01))[0]).toBe('parse');
      expect(await tooltipAt(page, 2, 0.99)).toContain('6 samples, 60.0 %');
      await page.focus('#search');
      await page.keyboard.press('Enter');
      await drawn(page);
      expect((await tooltipAt(page, 2, 0.99))[0]).toBe('gc');
      await page.focus('#search');
      await page.keyboard.press('Escape');
      expect(await page.inputValue('#search')).toBe('');
      await page.keyboard.press('Escape');
      expect((await tooltipAt(page, 1, 0.05))[0]).toBe('idle');
    });
  });

  browserTest('keys walk the boxes, and say where they are', async () => {
    const page = await open();
    await page.focus('#graph-scroller');
    const status = (): Promise<string | null> => page.locator('#status').textContent();
    await page.keyboard.press('ArrowDown');
    expect(await status()).toStartWith('all');
    await page.keyboard.press('ArrowDown');
    expect(await status()).toStartWith('main');
    await page.keyboard.press('ArrowLeft');
    expect(await status()).toStartWith('idle');
    await page.keyboard.press('ArrowLeft');
    expect(await status()).toStartWith('idle');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowDown');
    expect(await status()).toStartWith('work');
    await page.keyboard.press('Enter');
    expect((await tooltipAt(page, 3, 0.01))[0]).toBe('parse');
    await page.keyboard.press('Backspace');
    expect((await tooltipAt(page, 2, 0.01))[0]).toBe('gc');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowUp');
    expect(await status()).toStartWith('all');
  });

  browserTest('dark and light follow the system until the reader chooses', async () => {
    const luminanceOf = async (page: Page): Promise<number> => {
      const colour = await page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
      return Number(/\d+/.exec(colour)?.[0]);
    };
    const dark = await open(PROFILE, { colorScheme: 'dark' });
    expect(await luminanceOf(dark)).toBeLessThan(60);
    const box = await colourAt(dark, 1, 0.9);
    await dark.click('#theme');
    expect(await luminanceOf(dark)).toBeGreaterThan(200);
    expect(await colourAt(dark, 1, 0.9)).not.toEqual(box);
    const light = await open();
    expect(await luminanceOf(light)).toBeGreaterThan(200);
    await light.emulateMedia({ colorScheme: 'dark' });
    await drawn(light);
    expect(await luminanceOf(light)).toBeLessThan(60);
    expect(await colourAt(light, 1, 0.9)).toEqual(box);
  });

  browserTest('hostile names are text and nothing else', async () => {
    const stacks = HOSTILE_NAMES.map((name, index) => ({
      frames: [
        { name, kind: 'process', object: name },
        { name: `leaf ${index}`, kind: 'kernel' },
      ] as const,
      count: 100,
    }));
    const { metadata } = profileOf(stacks);
    const all = HOSTILE_NAMES.join('');
    const page = await open({ stacks, metadata: { ...metadata, host: all, command: all } });
    expect(await page.locator('script').count()).toBe(2);
    for (const name of HOSTILE_NAMES.slice(0, 16)) {
      const shown = displayText(name);
      await page.fill('#search', `${shown}`);
      const texts = await page.locator('#functions-body td.name').allTextContents();
      expect(texts).toContain(shown);
    }
    await page.fill('#search', 'globalThis.pwned');
    await page.dblclick('#functions-body tr:first-child');
    expect(await page.locator('#sandwich-name').textContent()).toContain('globalThis.pwned');
    expect(await page.evaluate('globalThis.pwned')).toBeUndefined();
  });

  browserTest('a script that got in all the same would not run', async () => {
    const injected = encodeHtml(PROFILE).replace(
      '<main',
      '<script>globalThis.pwned=1</script><main',
    );
    const page = await openFile('app.html', injected);
    expect(await page.evaluate('globalThis.pwned')).toBeUndefined();
    expect(takeComplaints().join('\n')).toContain('Content Security Policy');
  });

  browserTest(
    '100,000 distinct stacks open and answer',
    async () => {
      const random = randomOf(11);
      const stacks = Array.from({ length: 100_000 }, (_, index) =>
        stack(
          1 + (index % 7),
          'main',
          ...Array.from(
            { length: 12 },
            (_unused, depth) => `f${depth}_${Math.floor(random() * (3 + depth * 40))}`,
          ),
        ),
      );
      const page = await open(profileOf(stacks));
      await page.fill('#search', 'f11_4');
      expect(await page.locator('#result').textContent()).toMatch(/^\d+\.\d+ % matched$/);
      expect((await tooltipAt(page, 1, 0.5))[0]).toBe('main');
      await clickAt(page, 3, 0.5);
      expect((await tooltipAt(page, 3, 0.9))[0]).toStartWith('f1_');
      await page.fill('#search', '');
      // Few of the thousands of rows are in the document, and all can be reached.
      expect((await tableRows(page)).length).toBeLessThan(80);
      await page.focus('#functions-scroller');
      await page.keyboard.press('End');
      expect(await page.locator('tr.active').count()).toBe(1);
      const top = 'document.getElementById("functions-scroller").scrollTop';
      expect(await page.evaluate<number>(top)).toBeGreaterThan(10_000);
    },
    120_000,
  );

  browserTest('a stack of 50,000 frames is scrolled to its end', async () => {
    const page = await open(
      profileOf([stack(2, ...Array.from({ length: 50_000 }, (_, i) => `f${i}`))]),
    );
    await page.evaluate('document.getElementById("graph-scroller").scrollTop = 1e9');
    await drawn(page);
    const box = await page.locator('#graph-scroller').boundingBox();
    expect((await tooltipAt(page, (box?.height ?? 0) / 20 - 1, 0.5))[0]).toBe('f49999');
  });

  browserTest('a narrow window has the table under the graph', async () => {
    const page = await open(PROFILE, { width: 600 });
    const [graph, table] = [page.locator('#graph-scroller'), page.locator('#functions-scroller')];
    const [above, below] = [await graph.boundingBox(), await table.boundingBox()];
    expect((below?.y ?? 0) >= (above?.y ?? 0) + (above?.height ?? 0)).toBe(true);
    expect(above?.width).toBeGreaterThan(560);
    await page.click('#toggle-functions');
    expect(await table.isVisible()).toBe(false);
  });
}
