// What axe finds on the page: nothing, in each view, dark and light, wide and narrow. The frames are pages of other
// packages, which have tests of their own.

import { afterAll, test as bunTest, expect } from 'bun:test';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { life, madeProfile, madeServer, startAt } from './made-host.ts';
import { browserPath, isLive, OpenBrowser, openTab } from './open-browser.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const browser = browserPath === undefined ? undefined : await OpenBrowser.open();
afterAll(() => browser?.[Symbol.asyncDispose]());
const test = browser === undefined ? bunTest.skip : bunTest;

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

for (const [colorScheme, width] of [
  ['light', 1400],
  ['dark', 1400],
  ['light', 480],
] as const)
  test(`axe finds nothing on the page: ${colorScheme}, ${width} wide`, async () => {
    const bootMs = Date.now() - 3_600_000;
    await using made = madeServer({ bootTimeMs: bootMs });
    const now = Date.now();
    made.server.addEvents([
      ...life({ pid: 10, bornAt: now, bootMs, argv: ['/bin/work', '--all'] }),
      ...life({ pid: 11, bornAt: now, endAt: now + 5, exitCode: 2, bootMs, argv: ['/bin/failed'] }),
    ]);
    made.profile = madeProfile([[`10:${startAt(now, bootMs)}`, 'work;main;busy', 9]]);
    if (browser === undefined) return;
    const person = await browser.person({ colorScheme, width });
    const { page } = await openTab(person, made.server.url);
    await isLive(page);
    await page.locator('#window').selectOption('0');
    await page.locator('#process-rows .row', { hasText: '/bin/work' }).click();
    const found: [string, string, string][] = [];
    for (const view of ['flame', 'timeline', 'events', 'compare']) {
      await page.locator(`#tab-${view}`).click();
      await Bun.sleep(500);
      const ran = `${axe}; axe.run(document, { iframes: false }).then(({ violations }) => violations)`;
      const violations = (await page.evaluate(ran)) as readonly Violation[];
      for (const { id, nodes } of violations)
        for (const { html, failureSummary } of nodes)
          found.push([`${view}: ${id}`, html, failureSummary]);
    }
    expect(found).toEqual([]);
    await person.close();
  }, 90_000);
