/**
 * A real browser, where the machine has one: loads a page of a local server and returns its document
 * as it stands when nothing is left to do.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Where the browser is; `undefined` on a machine without one, whose tests do without those in a
 * browser. CI may not do without.
 */
export const browserPath = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find(existsSync);

if (browserPath === undefined && process.env.CI === 'true')
  throw new Error('CI=true allows no skip, and there is no Chromium: scripts/setup installs it');

/** More of the page's own time than any of them needs; it passes as fast as the page computes. */
const PAGE_TIME_MS = 20_000;
const GIVE_UP_AFTER_MS = 60_000;

/** The document at `address`, as HTML, after its scripts have run. */
export async function documentAt(browser: string, address: string): Promise<string> {
  const profile = mkdtempSync(join(tmpdir(), 'waggle-browser-'));
  const child = spawn(
    browser,
    [
      '--headless=new',
      // Tests may run as root, where Chromium has no sandbox; the page is one of our own.
      '--no-sandbox',
      '--disable-background-networking',
      `--user-data-dir=${profile}`,
      `--virtual-time-budget=${PAGE_TIME_MS}`,
      '--dump-dom',
      address,
    ],
    { stdio: ['ignore', 'pipe', 'ignore'], timeout: GIVE_UP_AFTER_MS, killSignal: 'SIGKILL' },
  );
  try {
    let html = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      html += part;
    });
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject).once('close', (code, signal) => {
        // A page that asks something (an alert) waits for ever: nobody is there to answer.
        if (code === 0) resolve();
        else reject(new Error(`${browser} ended with ${signal ?? code}`));
      });
    });
    return html;
  } finally {
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
