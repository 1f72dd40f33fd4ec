// The page of a store in a real browser: its whole time above, a span of it below, a closer look, no live.

import { afterAll, test as bunTest, describe, expect } from 'bun:test';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { END, type MadeStore, madeStore } from './made-store.ts';
import { browserPath, OpenBrowser, openTab } from './open-browser.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const browser = browserPath === undefined ? undefined : await OpenBrowser.open();
afterAll(() => browser?.[Symbol.asyncDispose]());

const test = (promise: string, body: () => Promise<void>) =>
  browser === undefined
    ? bunTest.skip(`${promise} [skipped: no Chromium]`, body)
    : bunTest(promise, body, 90_000);

async function open(made: MadeStore, options = {}) {
  const person = await (browser as OpenBrowser).person(options);
  const tab = await openTab(person, made.server.url);
  await tab.page.locator('#connection.open', { hasText: 'recording' }).waitFor();
  return { ...tab, person };
}

const functions = (page: Page) =>
  page.frameLocator('#flame-frames iframe:not(.coming)').locator('#functions-body td.name');
const spanOf = (page: Page) =>
  (/span=(\d+)-(\d+)/.exec(page.url()) ?? []).slice(1).map(Number) as [number, number];

describe('the page of a store', () => {
  test('shows its end first, all of its time above, and nothing of live', async () => {
    await using made = madeStore();
    const { page, person, complaints } = await open(made);
    await functions(page).filter({ hasText: 'rest' }).waitFor();
    expect(await functions(page).filter({ hasText: 'work' }).count()).toBe(0);
    for (const id of ['live', 'pause', 'window'])
      expect([id, await page.locator(`#${id}`).isVisible()]).toEqual([id, false]);
    expect(spanOf(page)).toEqual([END - 300_000, END]);
    const strip = page.locator('#strip');
    const [least, most] = await Promise.all(
      ['aria-valuemin', 'aria-valuemax'].map(async (name) =>
        Number(await strip.getAttribute(name)),
      ),
    );
    expect((most as number) - (least as number)).toBeGreaterThan(3500);
    expect(await page.locator('#process-rows .row', { hasText: '/bin/other' }).count()).toBe(1);
    expect(complaints).toEqual([]);
    await person.close();
  });

  test('a moment that is given, a span that is drawn and a closer look are what views show', async () => {
    await using made = madeStore();
    const { page, person, complaints } = await open(made);
    const box = await page.locator('#strip').boundingBox();
    if (box === null) throw new Error('there is no strip');
    const middle = box.y + box.height / 2;
    await page.mouse.move(box.x + 1, middle);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width / 20, middle, { steps: 4 });
    await page.mouse.up();
    await functions(page).filter({ hasText: 'work' }).waitFor();
    await page.locator('#tab-events').click();
    await page.locator('#event-rows tr.failed', { hasText: '/nowhere' }).waitFor();
    await page.locator('#tab-timeline').click();
    await page
      .frameLocator('#timeline-frames iframe:not(.coming)')
      .locator('html[data-ready]')
      .waitFor();
    const drawn = spanOf(page);
    await page.locator('#zoom-in').click();
    const range = /range=(\d+)-(\d+)/.exec(page.url())?.slice(1).map(Number) ?? [];
    expect((range[1] ?? 0) - (range[0] ?? 0)).toBeLessThan(2 * (drawn[1] - drawn[0]));
    // By keys: a part of the span to the right.
    await page.locator('#strip').focus();
    await page.keyboard.press('ArrowRight');
    expect(spanOf(page)[0]).toBeGreaterThan(drawn[0]);
    await page.locator('#zoom-out').click();
    expect(page.url()).not.toContain('range=');
    await page.locator('#tab-flame').click();
    const late = new Date(END - 60_000);
    const local = new Date(late.getTime() - late.getTimezoneOffset() * 60_000).toISOString();
    await page.locator('#moment').fill(local.slice(0, 19));
    await page.locator('#moment').dispatchEvent('change');
    await functions(page).filter({ hasText: 'rest' }).waitFor();
    // A link of it, to somebody else who has the token.
    const { page: other } = await openTab(person, page.url());
    await other.locator('#connection.open', { hasText: 'recording' }).waitFor();
    expect(await other.locator('#span-text').textContent()).toBe(
      await page.locator('#span-text').textContent(),
    );
    expect(complaints).toEqual([]);
    await person.close();
  });

  for (const [colorScheme, width] of [
    ['light', 1400],
    ['dark', 480],
  ] as const)
    test(`axe finds nothing: ${colorScheme}, ${width} wide`, async () => {
      await using made = madeStore();
      const { page, person } = await open(made, { colorScheme, width });
      await Bun.sleep(500);
      const ran = `${axe}; axe.run(document, { iframes: false }).then(({ violations }) => violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]))`;
      expect(await page.evaluate(ran)).toEqual([]);
      await person.close();
    });
});
