// A real browser that looks at the page of a server, and tells what that page complained of and asked for.

import { existsSync } from 'node:fs';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

/** Undefined on a machine without one, whose tests do without. CI may not. */
export const browserPath = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find(existsSync);

if (browserPath === undefined && process.env.CI === 'true')
  throw new Error('CI=true allows no skip, and there is no Chromium: scripts/setup installs it');

export interface OpenPage {
  readonly page: Page;
  /** What the page said, what its policy refused, and what it asked of others than its server. */
  readonly complaints: string[];
}

export interface PersonOptions {
  readonly colorScheme?: 'light' | 'dark';
  readonly width?: number;
  /** By its name in the zone database. Default: that of the machine. */
  readonly zone?: string;
}

export class OpenBrowser implements AsyncDisposable {
  readonly #browser: Browser;

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  static async open(): Promise<OpenBrowser> {
    // Tests may run as root, where Chromium has no sandbox; the page is one of our own.
    const browser = await chromium.launch({
      ...(browserPath === undefined ? {} : { executablePath: browserPath }),
      args: ['--no-sandbox'],
    });
    return new OpenBrowser(browser);
  }

  /** A person of its own: cookies are shared by its tabs alone. */
  async person(options: PersonOptions = {}): Promise<BrowserContext> {
    const context = await this.#browser.newContext({
      viewport: { width: options.width ?? 1400, height: 900 },
      colorScheme: options.colorScheme ?? 'light',
      ...(options.zone === undefined ? {} : { timezoneId: options.zone }),
    });
    context.setDefaultTimeout(30_000);
    return context;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
  }
}

/** @param url with its token, where the person has none yet */
export async function openTab(person: BrowserContext, url: string): Promise<OpenPage> {
  const page = await person.newPage();
  const complaints: string[] = [];
  const { origin } = new URL(url);
  page.on('console', (message) => {
    // A server that is away is what some tests are about.
    if (!/ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|status of 40[14]/.test(message.text()))
      complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    const asked = request.url();
    if (
      !asked.startsWith(origin) &&
      !asked.startsWith(origin.replace('http', 'ws')) &&
      !asked.startsWith('data:')
    )
      complaints.push(`asked for ${asked}`);
  });
  await page.goto(url);
  return { page, complaints };
}

/** Shows what happens. */
export const isLive = (page: Page) =>
  page.locator('#connection.open', { hasText: 'live' }).waitFor();
