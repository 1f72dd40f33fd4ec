// Remakes the pictures of `waggle serve` in docs/images: the real page of workloads of the tests, by Chromium. Needs
// root and Chromium (scripts/setup --tests): npm run pictures

import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isLive, OpenBrowser, openTab } from '../packages/serve/test/open-browser.ts';
import { eventually } from '../tests/support/deadline.ts';
import { TestProcess } from '../tests/support/processes.ts';
import { Waggle } from '../tests/support/waggle.ts';
import { copyOfWorkload, freshFolder } from '../tests/support/workloads.ts';

const images = resolve(import.meta.dir, '../docs/images');
/** Until there is something to see. */
const SETTLING_MS = 45_000;

const folder = freshFolder();
copyOfWorkload('call_tree', join(folder, 'server'));
copyOfWorkload('plt_calls', join(folder, 'worker'));
const loop = [
  './server 600000 &',
  'while sleep 0.3; do ls / >/dev/null; ls /nowhere 2>/dev/null; if test -e more; then rm more; ./worker 600000 & fi; done',
].join(' ');
// What an agent keeps of it meanwhile.
const store = join(folder, 'store');
await using agent = new Waggle(['agent', '--store', store]);
await eventually('the agent', () => /ready/.exec(agent.stderr)?.[0]);
await using background = new TestProcess(['sh', '-c', loop], { cwd: folder });
await using waggle = new Waggle(['serve', '--listen', '127.0.0.1:0', '-p', String(background.pid)]);
const url = await eventually('the URL', () => /^http:\S+$/m.exec(waggle.stdout)?.[0]);
await using browser = await OpenBrowser.open();

for (const colorScheme of ['light', 'dark'] as const) {
  const person = await browser.person({ colorScheme, width: 1280 });
  const { page } = await openTab(person, url);
  await page.setViewportSize({ width: 1280, height: 760 });
  await isLive(page);
  await Bun.sleep(colorScheme === 'light' ? SETTLING_MS / 2 : 4000);
  const suffix = colorScheme === 'light' ? '' : '-dark';
  const take = async (name: string): Promise<void> => {
    await Bun.sleep(2500);
    await page.screenshot({ path: join(images, `serve-${name}${suffix}.png`) });
    console.log(`docs/images/serve-${name}${suffix}.png`);
  };
  await take('flame');
  if (colorScheme === 'dark') break;
  await page.locator('#tab-events').click();
  await take('events');
  await page.locator('#tab-timeline').click();
  await take('timeline');
  await page.locator('#tab-flame').click();
  await page.locator('#compare-with').click();
  // Now there is more to do than before.
  writeFileSync(join(folder, 'more'), '');
  await Bun.sleep(SETTLING_MS / 2);
  await page.locator('#strip').focus();
  await page.keyboard.press('End');
  await take('compare');
}

await agent.stop();
await using recorded = new Waggle(['serve', '--listen', '127.0.0.1:0', '--store', store]);
const recordedUrl = await eventually('the URL', () => /^http:\S+$/m.exec(recorded.stdout)?.[0]);
const { page } = await openTab(await browser.person({ width: 1280 }), recordedUrl);
await page.setViewportSize({ width: 1280, height: 760 });
await Bun.sleep(4000);
await page.screenshot({ path: join(images, 'serve-recorded.png') });
console.log('docs/images/serve-recorded.png');
