import { expect, test } from 'bun:test';
import { gzipSync } from 'node:zlib';
import { embeddedIsCurrent } from '../../../text/scripts/page-script.ts';
import { PAGE } from '../../scripts/embed-page.ts';
import { source } from '../generated/serve-page.ts';
import { document } from './document.ts';
import { pageStyle } from './style.ts';

test('the script of the page is that of its modules as they are now', async () => {
  expect(await embeddedIsCurrent(PAGE)).toBe(true);
});

test('the page is small: its three files, compressed', () => {
  const bytes = [document(), pageStyle(), source].reduce(
    (sum, text) => sum + gzipSync(text).length,
    0,
  );
  expect(bytes).toBeLessThan(30_000);
});

test('the page has nothing inline and asks nobody else', () => {
  const html = document();
  expect(html).not.toMatch(
    / on[a-z]+=|style=|<script(?! src="page\.js")|https?:\/\/(?!www\.w3\.org\/2000\/svg)/,
  );
  expect(pageStyle()).not.toMatch(/url\(|@import/);
});
