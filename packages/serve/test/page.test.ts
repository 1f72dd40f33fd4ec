// The page in a real browser, of a host that is made up: what happens appears, spans and processes are chosen, two
// spans compared, files downloaded, and nothing that a process can name reaches more than text.

import { describe, expect } from 'bun:test';
import type { Page } from 'playwright-core';
import { life, madeProfile, madeServer, startAt, TOKEN } from './made-host.ts';
import { isLive, openTab } from './open-browser.ts';
import { frame, pageTests, workingServer } from './page-tests.ts';

const { test, newPerson, open } = pageTests();

const samplesOf = async (page: Page) =>
  Number(
    (await frame(page, 'flame').locator('#facts dd').first().textContent())
      ?.split(' ')[0]
      ?.replace(/\D/g, ''),
  );
const rowsOf = (page: Page) =>
  page.locator('#process-rows .row:not([hidden]) .name').allTextContents();

describe('the page', () => {
  test('takes the token out of the address and shows what happens as it happens', async () => {
    await using made = workingServer();
    const { page, complaints } = await open(made);
    expect(page.url()).not.toContain(TOKEN);
    expect(await page.evaluate('document.cookie')).toBe('');
    await frame(page, 'flame').locator('#functions-body tr', { hasText: 'busy' }).waitFor();
    expect((await rowsOf(page)).join()).toContain('/bin/child');
    await page.locator('#tab-events').click();
    const began = performance.now();
    made.server.addEvents(
      life({ pid: 77, bornAt: Date.now(), bootMs: made.bootMs, argv: ['/bin/newcomer'] }),
    );
    await page.locator('#event-rows td.what', { hasText: '/bin/newcomer' }).first().waitFor();
    expect(performance.now() - began).toBeLessThan(1000);
    expect(complaints).toEqual([]);
  });

  test('the flame graph grows in place, and keeps what was zoomed and searched', async () => {
    await using made = workingServer();
    const { page } = await open(made);
    await page.locator('#window').selectOption('0');
    const shown = frame(page, 'flame');
    await shown.locator('#search').fill('busy');
    const before = await samplesOf(page);
    const until = performance.now() + 20_000;
    while ((await samplesOf(page)) <= before && performance.now() < until) await Bun.sleep(100);
    expect(await samplesOf(page)).toBeGreaterThan(before);
    expect(await shown.locator('#search').inputValue()).toBe('busy');
    expect(await shown.locator('#theme').isVisible()).toBe(false);
    expect(await shown.locator('#result').textContent()).toContain('50.0 % matched');
  });

  test('the timeline goes on in place, and keeps what was searched, chosen and coloured', async () => {
    await using made = workingServer();
    const { page, complaints } = await open(made);
    await page.locator('#window').selectOption('0');
    await page.locator('#tab-timeline').click();
    const shown = frame(page, 'timeline');
    await shown.locator('html[data-ready]').waitFor();
    await shown.locator('#search').fill('/bin/other');
    await shown.locator('#result', { hasText: '1 found' }).waitFor();
    await shown.locator('#search').press('Enter');
    await shown.locator('#details', { hasText: '/bin/other' }).waitFor();
    await shown.locator('#by-outcome').click();
    const inner = page.frames().find((each) => each.url().includes('timeline'));
    await inner?.evaluate('window.isTheSame = true');
    made.server.addEvents(
      life({ pid: 40, bornAt: Date.now(), bootMs: made.bootMs, argv: ['/bin/other-too'] }),
    );
    await shown.locator('#result', { hasText: '2 found' }).waitFor();
    expect(await inner?.evaluate('window.isTheSame')).toBe(true);
    expect(await shown.locator('#details').textContent()).toContain('/bin/other');
    expect(await shown.locator('#by-outcome').getAttribute('aria-pressed')).toBe('true');
    // The theme is that of the page around it.
    expect(await shown.locator('#theme').isVisible()).toBe(false);
    await page.locator('#theme').click();
    await shown.locator('html[data-theme=dark]').waitFor();
    expect(complaints).toEqual([]);
  });

  test('a span that is drawn holds, is what all views show, and goes away with Live', async () => {
    await using made = workingServer();
    const { page } = await open(made);
    await Bun.sleep(3500);
    const strip = await page.locator('#strip').boundingBox();
    if (strip === null) throw new Error('there is no strip');
    const [right, middle] = [strip.x + strip.width - 3, strip.y + strip.height / 2];
    await page.mouse.move(right, middle);
    await page.mouse.down();
    await page.mouse.move(right - strip.width / 20, middle, { steps: 4 });
    await page.mouse.up();
    await page.locator('#connection.open', { hasText: 'paused' }).waitFor();
    expect(page.url()).toMatch(/span=\d+-\d+/);
    expect(await page.locator('#pause').getAttribute('aria-pressed')).toBe('true');
    await Bun.sleep(300);
    const held = await samplesOf(page);
    await Bun.sleep(2500);
    expect(await samplesOf(page)).toBe(held);
    // By keys, for those who draw with none: a second to the left, then longer.
    await page.locator('#strip').focus();
    const url = page.url();
    await page.keyboard.press('ArrowLeft');
    expect(page.url()).not.toBe(url);
    await page.keyboard.press('Shift+ArrowRight');
    expect(await page.locator('#strip').getAttribute('aria-valuetext')).toMatch(/ to .*, /);
    await page.locator('#live').click();
    await isLive(page);
    expect(page.url()).not.toContain('span=');
  });

  test('a process that is chosen is all that is shown, with what is below it', async () => {
    await using made = workingServer();
    const { page } = await open(made);
    await page.locator('#process-rows .row', { hasText: '/bin/parent' }).click();
    await frame(page, 'flame').locator('#functions-count', { hasText: '5 functions' }).waitFor();
    const names = await frame(page, 'flame').locator('#functions-body td.name').allTextContents();
    expect(names.sort()).toEqual(['busy', 'child', 'main', 'parent', 'work']);
    expect(page.url()).toContain('process=10%3A');
    await page.locator('#tab-events').click();
    made.server.addEvents([
      ...life({
        pid: 30,
        bornAt: Date.now(),
        bootMs: made.bootMs,
        parent: made.parent,
        argv: ['/bin/below'],
      }),
      ...life({ pid: 31, bornAt: Date.now(), bootMs: made.bootMs, argv: ['/bin/elsewhere'] }),
    ]);
    await page.locator('#event-rows td.what', { hasText: '/bin/below' }).waitFor();
    expect(await page.locator('#event-rows td.what', { hasText: 'elsewhere' }).count()).toBe(0);
    await page.locator('#unscope').click();
    await page.locator('#event-rows td.what', { hasText: '/bin/elsewhere' }).waitFor();
    // By keys.
    await page.locator('#process-scroller').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.waitForURL(/process=/);
  });

  test('events that came while another view was shown are there once', async () => {
    await using made = workingServer();
    const { page } = await open(made);
    await page.locator('#window').selectOption('0');
    await frame(page, 'flame').locator('#functions-body tr', { hasText: 'busy' }).waitFor();
    const add = (pid: number): void =>
      made.server.addEvents(
        life({ pid, bornAt: Date.now(), bootMs: made.bootMs, argv: [`/bin/one-${pid}`] }),
      );
    for (let pid = 100; pid < 200; pid++) add(pid);
    // So that the server would tell them if it were asked to go on.
    await Bun.sleep(600);
    await page.locator('#tab-events').click();
    await page.locator('#event-rows td.what', { hasText: '/bin/one-199' }).waitFor();
    const before = await page.locator('#event-count').textContent();
    expect(before).toMatch(/^\d+ events$/);
    add(200);
    await page.locator('#event-rows td.what', { hasText: '/bin/one-200' }).waitFor();
    expect(await page.locator('#event-count').textContent()).toBe(
      `${Number.parseInt(before ?? '', 10) + 2} events`,
    );
  });

  test('keys work wherever the focus is, but where one types', async () => {
    await using made = workingServer();
    const { page } = await open(made);
    const chosen = (view: string) => page.locator(`#tab-${view}[aria-selected=true]`).waitFor();
    await page.locator('#tab-events').click();
    await page.keyboard.press('1');
    await chosen('flame');
    await page.locator('#pause').click();
    await page.keyboard.press('l');
    await isLive(page);
    await page.locator('#strip').focus();
    await page.keyboard.press('2');
    await chosen('timeline');
    await page.keyboard.press('/');
    await chosen('events');
    await page.keyboard.type('12b');
    expect(await page.locator('#event-filter').inputValue()).toBe('12b');
    await chosen('events');
  });

  test('a link shows what its sender saw, to who has the token', async () => {
    await using made = workingServer();
    const { page } = await open(made);
    await page.locator('#window').selectOption('0');
    await page.locator('#process-rows .row', { hasText: '/bin/parent' }).click();
    await page.locator('#tab-timeline').click();
    await page.locator('#pause').click();
    const link = page.url();
    const stranger = await openTab(await newPerson(), link);
    await stranger.page.locator('#login').waitFor();
    await stranger.page.locator('#token').fill('wrong');
    await stranger.page.locator('#login button').click();
    await stranger.page.locator('#login-problem', { hasText: 'token' }).waitFor();
    await stranger.page.locator('#token').fill(TOKEN);
    await stranger.page.locator('#login button').click();
    await stranger.page.locator('#connection.open', { hasText: 'paused' }).waitFor();
    await frame(stranger.page, 'timeline').locator('html[data-ready]').waitFor();
    expect(await stranger.page.locator('#tab-timeline').getAttribute('aria-selected')).toBe('true');
    expect(await stranger.page.locator('#span-text').textContent()).toBe(
      await page.locator('#span-text').textContent(),
    );
  });

  test('two spans are compared', async () => {
    await using made = workingServer();
    const { page, complaints } = await open(made);
    await Bun.sleep(2200);
    await page.locator('#compare-with').click();
    made.profile = madeProfile([
      [`20:${startAt(Date.now(), made.bootMs)}`, 'other;main;changed', 80],
    ]);
    await Bun.sleep(3200);
    await page.locator('#strip').focus();
    await page.keyboard.press('End');
    const diff = frame(page, 'compare');
    await diff
      .locator('#functions-body tr', { hasText: 'changed' })
      .locator('.tag', { hasText: 'new' })
      .waitFor();
    expect(await diff.locator('#size-by-before').count()).toBe(1);
    expect(complaints).toEqual([]);
  });

  test('a server that comes again is connected to again, and what it lost is said', async () => {
    const first = workingServer();
    const { port } = first.server;
    const { page } = await open(first);
    await first[Symbol.asyncDispose]();
    await page.locator('#connection.reconnecting').waitFor();
    await using second = workingServer({ port });
    await isLive(page);
    await page.locator('#notice', { hasText: 'started anew' }).waitFor();
    await page.locator('#tab-events').click();
    second.server.addEvents(
      life({ pid: 88, bornAt: Date.now(), bootMs: second.bootMs, argv: ['/bin/after'] }),
    );
    await page.locator('#event-rows td.what', { hasText: '/bin/after' }).waitFor();
  });

  test('a server with another token asks for it', async () => {
    const first = workingServer();
    const { port } = first.server;
    const { page } = await open(first);
    await first[Symbol.asyncDispose]();
    await page.locator('#connection.reconnecting').waitFor();
    await using _second = workingServer({ port, token: 'another-token-of-this-test' });
    await page.locator('#login').waitFor();
    await page.locator('#token').fill('another-token-of-this-test');
    await page.keyboard.press('Enter');
    await isLive(page);
  });

  test('a connection that breaks goes on without a gap', async () => {
    await using made = workingServer();
    const person = await newPerson();
    const { page } = await open(made, '', Promise.resolve(person));
    await page.locator('#tab-events').click();
    const born = (pid: number) =>
      made.server.addEvents(
        life({ pid, bornAt: Date.now(), bootMs: made.bootMs, argv: [`/bin/p${pid}`] }),
      );
    born(301);
    await page.locator('#event-rows td.what', { hasText: '/bin/p301' }).waitFor();
    await person.setOffline(true);
    await page.evaluate('window.dispatchEvent(new Event("offline"))');
    born(302);
    await person.setOffline(false);
    born(303);
    for (const pid of [301, 302, 303])
      await page.locator('#event-rows td.what', { hasText: `/bin/p${pid}` }).waitFor();
    expect(await page.locator('#event-rows td.what', { hasText: '/bin/p302' }).count()).toBe(1);
  });

  test('two tabs have a span each', async () => {
    await using made = workingServer();
    const person = await newPerson();
    const one = await open(made, '', Promise.resolve(person));
    const other = await openTab(person, `${made.origin}/`);
    await isLive(other.page);
    await one.page.locator('#pause').click();
    await one.page.locator('#connection.open', { hasText: 'paused' }).waitFor();
    await isLive(other.page);
    const metrics = await (await made.ask('/metrics')).text();
    expect(metrics).toContain('waggle_self_pages 2');
  });

  test('without samples and without events it says so', async () => {
    await using made = madeServer();
    made.profile = madeProfile([]);
    const { page } = await open(made);
    await page.locator('#flame-hint', { hasText: 'No samples' }).waitFor();
    await page.locator('#tab-timeline').click();
    await frame(page, 'timeline').locator('.empty').waitFor();
    await page.locator('#tab-compare').click();
    await page.locator('#compare-hint', { hasText: 'Choose a span' }).waitFor();
  });
});

describe('names that processes choose', () => {
  const ATTACKS = [
    '<img src=x onerror=alert(1)>',
    '</script><script>alert(2)</script>',
    '"><svg onload=alert(3)>',
    "javascript:alert(4)//'",
    '\u202etxt.exe\u0007\u001b[31m',
    '{{constructor.constructor("alert(5)")()}}',
    '<iframe srcdoc="<script>parent.alert(6)</script>">',
  ];

  test('are text, in every view', async () => {
    await using made = madeServer({ reveal: true, host: `h<b>${ATTACKS[0]}` });
    const bootMs = Date.now() - 3_600_000;
    const names: [string, string, number][] = [];
    for (const [at, attack] of ATTACKS.entries()) {
      const bornAt = Date.now();
      const pid = 100 + at;
      const comm = attack.slice(0, 15);
      for (const event of life({
        pid,
        bornAt,
        bootMs,
        argv: [attack, attack],
        signal: 'SIGKILL',
        endAt: bornAt + 3,
      }))
        made.server.addEvents([{ ...event, comm } as typeof event]);
      names.push([`${pid}:${startAt(bornAt, bootMs)}`, `${comm};${attack};${attack}`, 5]);
    }
    made.profile = madeProfile(names);
    const { page, complaints } = await open(made);
    await frame(page, 'flame')
      .locator('#functions-body tr', { hasText: 'onerror' })
      .first()
      .waitFor();
    expect(await page.locator('#host').textContent()).toBe(`h<b>${ATTACKS[0]}`);
    await page.locator('#tab-timeline').click();
    await frame(page, 'timeline').locator('html[data-ready]').waitFor();
    await page.locator('#tab-events').click();
    await page.locator('#event-rows td.what', { hasText: 'onerror' }).first().waitFor();
    await page.locator('#process-rows .row', { hasText: 'onerror' }).first().click();
    await page.locator('#unscope').waitFor();
    await page.locator('#unscope').click();
    await page.locator('#pause').click();
    await page.locator('#compare-with').click();
    await page.locator('#compare-frames iframe').waitFor();
    await Bun.sleep(1500);
    for (const each of page.frames()) {
      const found = await each.evaluate(
        "document.querySelectorAll('img,script:not([src]):not([type]):not([data-own]),svg,iframe[srcdoc],b').length - (location.pathname === '/' ? 0 : 1)",
      );
      expect([each.url(), Math.max(0, Number(found))]).toEqual([each.url(), 0]);
    }
    expect(complaints).toEqual([]);
  });

  test('a page in a frame reaches neither the cookie nor the API', async () => {
    await using made = workingServer();
    const { page } = await open(made);
    await frame(page, 'flame').locator('html[data-ready]').waitFor();
    const inner = page.frames().find((each) => each.url().includes('/api/profile'));
    expect(await inner?.evaluate('self.origin')).toBe('null');
    expect(await inner?.evaluate("fetch('/api/status').then(() => 'read', () => 'refused')")).toBe(
      'refused',
    );
    const reached = 'try { parent.document.title } catch { "refused" }';
    expect(await inner?.evaluate(reached)).toBe('refused');
  });
});

describe('other sites', () => {
  test('cannot ask, open the connection, or show the page in a frame', async () => {
    await using made = workingServer();
    const person = await newPerson();
    await open(made, '', Promise.resolve(person));
    // Another port of the same host: the cookie goes along.
    using other = Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      fetch: () =>
        new Response('<!DOCTYPE html><title>other</title>', {
          headers: { 'content-type': 'text/html' },
        }),
    });
    const page = await person.newPage();
    await page.goto(`http://127.0.0.1:${other.port}/`);
    const { origin } = made;
    expect(
      await page.evaluate(
        `fetch('${origin}/api/status', {credentials:'include'}).then(() => 'read', () => 'refused')`,
      ),
    ).toBe('refused');
    const noCors = `fetch('${origin}/api/status', {credentials:'include', mode:'no-cors'}).then(() => 'opaque', () => 'refused')`;
    expect(await page.evaluate(noCors)).toBe('refused');
    const socket = `new Promise((done) => { const s = new WebSocket('${origin.replace('http', 'ws')}/api/live'); s.onopen = () => done('open'); s.onerror = () => done('refused'); })`;
    expect(await page.evaluate(socket)).toBe('refused');
    const framed = `new Promise((done) => { const f = document.createElement('iframe'); f.src = '${origin}/'; f.onload = () => setTimeout(() => done(f.contentWindow.length), 300); document.body.append(f); })`;
    expect(await page.evaluate(framed)).toBe(0);
    const text = await (await made.ask('/metrics')).text();
    expect(text).toContain('waggle_http_requests_total{route="/api/status",status="403"}');
  });
});
