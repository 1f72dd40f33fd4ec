// The menu of downloads: every format that there is of a span, and of two that are compared.

import { Database } from 'bun:sqlite';
import { expect } from 'bun:test';
import { readFileSync } from 'node:fs';
import { parsePprof } from '@waggle/formats';
import type { Page } from 'playwright-core';
import { frame, pageTests, workingServer } from './page-tests.ts';

const { test, open } = pageTests();

const menu = (page: Page) => page.locator('#download');
const isOpen = async (page: Page) => (await menu(page).getAttribute('open')) !== null;

async function chosen(page: Page, text: string): Promise<{ name: string; bytes: Buffer }> {
  if (!(await isOpen(page))) await page.locator('#download summary').click();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.locator('#download-list a', { hasText: text }).click(),
  ]);
  expect(await isOpen(page)).toBe(false);
  return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
}

test('what is shown can be downloaded in every format, and the menu closes', async () => {
  await using made = workingServer();
  const { page, complaints } = await open(made);
  await frame(page, 'flame').locator('#functions-body tr', { hasText: 'busy' }).waitFor();
  await page.locator('#pause').click();
  await page.locator('#download summary').click();
  expect(await page.locator('#download-list a').count()).toBe(12);
  const profile = await chosen(page, 'pprof');
  expect(profile.name).toMatch(/^waggle-[\dT-]+Z\.pb\.gz$/);
  const names = parsePprof(profile.bytes).stacks.map(({ frames }) => frames.at(-1)?.name);
  expect(new Set(names)).toEqual(new Set(['busy', 'work', 'rest']));

  const table = await chosen(page, '(.csv)');
  expect(table.name).toEndWith('Z.csv');
  expect(table.bytes.toString()).toContain('/bin/parent');
  const database = await chosen(page, '(.db)');
  expect(database.name).toEndWith('Z.db');
  using opened = Database.deserialize(database.bytes, true);
  expect(opened.query('SELECT count(*) AS count FROM exec').get()).toEqual({ count: 3 });
  const trace = await chosen(page, '(.pftrace)');
  expect(trace.name).toEndWith('Z.pftrace');
  expect(trace.bytes.includes('/bin/child')).toBe(true);
  expect(complaints).toEqual([]);
});

test('two spans that are compared can be downloaded as what they are compared as', async () => {
  await using made = workingServer();
  const { page } = await open(made);
  await frame(page, 'flame').locator('#functions-body tr', { hasText: 'busy' }).waitFor();
  await page.locator('#pause').click();
  await page.locator('#compare-with').click();
  await frame(page, 'compare').locator('html[data-ready]').waitFor();
  await page.locator('#download summary').click();
  expect(await page.locator('#download-list a').count()).toBe(15);
  const folded = await chosen(page, 'Comparison, folded');
  expect(folded.name).toMatch(/^waggle-[\dT-]+Z-compared\.folded$/);
  expect(folded.bytes.toString()).toMatch(/^parent;main;busy (\d+) \1$/m);
  expect((await chosen(page, 'Comparison as a page')).name).toEndWith('Z-compared.html');
  expect((await chosen(page, 'Comparison as a picture')).name).toEndWith('Z-compared.svg');
  await page.locator('#compare-with').click();
  await page.locator('#download summary').click();
  expect(await page.locator('#download-list a').count()).toBe(12);
});

test('the menu closes with Escape, and when somebody clicks elsewhere', async () => {
  await using made = workingServer();
  const { page } = await open(made);
  const summary = page.locator('#download summary');
  await summary.click();
  expect(await isOpen(page)).toBe(true);
  await page.locator('#download-list a').first().focus();
  await page.keyboard.press('Escape');
  expect(await isOpen(page)).toBe(false);
  expect(await page.evaluate('document.activeElement.id')).toBe('download-summary');
  await summary.click();
  await page.locator('#host').click();
  expect(await isOpen(page)).toBe(false);
  // By keys.
  await page.locator('#pause').click();
  await summary.focus();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.keyboard.press('Enter'),
  ]);
  expect(download.suggestedFilename()).toEndWith('.pb.gz');
  expect(await isOpen(page)).toBe(false);
});
