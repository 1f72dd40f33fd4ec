// What tests of the page in a real browser share: a server of a host that is made up and at work, and people who look.

import { afterAll, afterEach, test as bunTest } from 'bun:test';
import type { BrowserContext, Page } from 'playwright-core';
import { life, type MadeServer, madeProfile, madeServer, startAt } from './made-host.ts';
import {
  browserPath,
  isLive,
  OpenBrowser,
  type OpenPage,
  openTab,
  type PersonOptions,
} from './open-browser.ts';

const HOUR = 3_600_000;
const TIMEOUT_MS = 90_000;

/** A server whose processes 10 (with a child 11) and 20 are at work, cycle after cycle. */
export function workingServer(options: Parameters<typeof madeServer>[0] = {}) {
  const bootMs = Date.now() - HOUR;
  const made = madeServer({ bootTimeMs: bootMs, ...options });
  const now = Date.now();
  const parent = { pid: 10, startTime: startAt(now, bootMs) };
  made.server.addEvents([
    ...life({ pid: 10, bornAt: now, bootMs, argv: ['/bin/parent'] }),
    ...life({ pid: 11, bornAt: now + 1, bootMs, parent, argv: ['/bin/child'] }),
    ...life({ pid: 20, bornAt: now + 2, bootMs, argv: ['/bin/other'] }),
  ]);
  const names = [parent.startTime, startAt(now + 1, bootMs), startAt(now + 2, bootMs)];
  made.profile = madeProfile([
    [`10:${names[0]}`, 'parent;main;busy', 30],
    [`11:${names[1]}`, 'child;main;work', 20],
    [`20:${names[2]}`, 'other;main;rest', 10],
  ]);
  return Object.assign(made, { parent, bootMs });
}

/** The document in the frame that is shown. */
export const frame = (page: Page, view: string) =>
  page.frameLocator(`#${view}-frames iframe:not(.coming)`);

interface PageTests {
  /** Skipped where there is no browser. */
  test(promise: string, body: () => Promise<void>): void;
  newPerson(options?: PersonOptions): Promise<BrowserContext>;
  /** @param path behind the URL with its token */
  open(made: MadeServer, path?: string, person?: Promise<BrowserContext>): Promise<OpenPage>;
}

/** Once for a file, whose tests share a browser. */
export function pageTests(): PageTests {
  let browser: Promise<OpenBrowser> | undefined;
  const people: BrowserContext[] = [];
  afterEach(async () => {
    for (const person of people.splice(0)) await person.close();
  });
  afterAll(async () => (await browser)?.[Symbol.asyncDispose]());

  async function newPerson(options: PersonOptions = {}): Promise<BrowserContext> {
    browser ??= OpenBrowser.open();
    const person = await (await browser).person(options);
    people.push(person);
    return person;
  }

  return {
    test: (promise, body) =>
      browserPath === undefined
        ? bunTest.skip(`${promise} [skipped: no Chromium]`, body)
        : bunTest(promise, body, TIMEOUT_MS),
    newPerson,
    async open(made, path = '', person = newPerson()) {
      const tab = await openTab(await person, `${made.server.url}${path}`);
      if (!path.includes('span=')) await isLive(tab.page);
      return tab;
    },
  };
}
