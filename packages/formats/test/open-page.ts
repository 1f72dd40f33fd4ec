/**
 * A page of ours in a real browser, opened from a file as its readers do, without a network. What
 * goes wrong in it, and what it asks for besides itself, is kept for the test to look at.
 */
import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';

/** Of the window, in px. */
export const WINDOW = { width: 1400, height: 800 };

function launch(executablePath: string): Promise<Browser> {
  // Tests may run as root, where Chromium has no sandbox; the page is one of our own.
  return chromium.launch({ executablePath, args: ['--no-sandbox'] });
}

interface OpenPage {
  readonly page: Page;
  /** Errors, warnings and logs of the page; also what its policy refused. */
  readonly complaints: string[];
  /** Addresses that it asked for besides its own. */
  readonly requests: string[];
  close(): Promise<void>;
}

async function openPage(
  browser: Browser,
  name: string,
  text: string,
  options: { hash?: string; colorScheme?: 'light' | 'dark'; width?: number } = {},
): Promise<OpenPage> {
  const folder = mkdtempSync(join(tmpdir(), 'waggle-page-'));
  const file = join(folder, name);
  writeFileSync(file, text);
  const address = `${pathToFileURL(file).href}`;
  const context = await browser.newContext({
    viewport: { ...WINDOW, width: options.width ?? WINDOW.width },
    offline: true,
    // Zooms arrive at once, so that a test need not wait for them.
    reducedMotion: 'reduce',
    colorScheme: options.colorScheme ?? 'light',
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    const url = request.url();
    if (url.split('#')[0] !== address && !url.startsWith('data:')) requests.push(url);
  });
  await page.goto(`${address}${options.hash ?? ''}`);
  if (name.endsWith('.html')) {
    await page.waitForSelector('html[data-ready], .empty', { state: 'attached' });
  }
  return {
    page,
    complaints,
    requests,
    close: async () => {
      await context.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Opens files in one browser, and closes it after the last test of the file that calls this. */
export function browserPages(executable: string) {
  let browser: Browser | undefined;
  const opened: OpenPage[] = [];
  afterAll(() => browser?.close());

  return {
    async open(
      name: string,
      text: string,
      options: Parameters<typeof openPage>[3] = {},
    ): Promise<Page> {
      browser ??= await launch(executable);
      const page = await openPage(browser, name, text, options);
      opened.push(page);
      return page.page;
    },

    /** What the pages of this test have said so far; then it is forgotten. */
    takeComplaints: (): string[] => opened.flatMap(({ complaints }) => complaints.splice(0)),

    /** A test after which its pages must have said nothing, and asked for nothing. */
    browserTest(name: string, body: () => Promise<void>, time = 60_000): void {
      test(
        name,
        async () => {
          try {
            await body();
            for (const { complaints, requests } of opened) {
              expect({ complaints, requests }).toEqual({ complaints: [], requests: [] });
            }
          } finally {
            await Promise.all(opened.splice(0).map((page) => page.close()));
          }
        },
        time,
      );
    },
  };
}
