// A page of ours in a real browser, opened from a file as its readers do, without a network.

import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Page } from 'playwright-core';

/** Undefined on a machine without one, whose tests do without. CI may not. */
export const browserPath = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find(existsSync);

if (browserPath === undefined && process.env.CI === 'true')
  throw new Error('CI=true allows no skip, and there is no Chromium: scripts/setup installs it');

export interface OpenPage extends AsyncDisposable {
  readonly page: Page;
  /** What the page said, what its policy refused, and what it asked for besides itself. */
  readonly complaints: readonly string[];
}

export async function openPage(
  html: string,
  options: { readonly colorScheme?: 'light' | 'dark'; readonly width?: number } = {},
): Promise<OpenPage> {
  const folder = mkdtempSync(join(tmpdir(), 'waggle-timeline-'));
  const file = join(folder, 'page.html');
  writeFileSync(file, html);
  const address = pathToFileURL(file).href;
  // Tests may run as root, where Chromium has no sandbox; the page is one of our own.
  const browser = await chromium.launch({
    ...(browserPath === undefined ? {} : { executablePath: browserPath }),
    args: ['--no-sandbox'],
  });
  const context = await browser.newContext({
    viewport: { width: options.width ?? 1400, height: 800 },
    offline: true,
    colorScheme: options.colorScheme ?? 'light',
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    const url = request.url();
    if (url.split('#')[0] !== address && !url.startsWith('data:')) complaints.push(url);
  });
  await page.goto(address);
  await page.waitForSelector('html[data-ready], html[data-failed], .empty', {
    state: 'attached',
    timeout: 100_000,
  });
  return {
    page,
    complaints,
    async [Symbol.asyncDispose]() {
      await browser.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
