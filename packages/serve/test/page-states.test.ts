// What the page says of its state: what was lost, what is no longer kept, which zone its times are of, and what it calls
// what happened.

import { describe, expect } from 'bun:test';
import { execEvent, failedExecEvent, lostEvent } from '@waggle/core/testing';
import { life, nanoseconds } from './made-host.ts';
import { frame, pageTests, workingServer } from './page-tests.ts';

const { test, newPerson, open } = pageTests();

const NOT_KEPT = 'Nothing is kept of this span any more';

describe('what was lost', () => {
  test('stands above the strip, and with the profile that misses it', async () => {
    await using made = workingServer();
    const { metadata, stacks } = made.profile;
    made.profile = { stacks, metadata: { ...metadata, lostSamples: 7 } };
    made.server.addEvents([{ ...lostEvent({ exec: 3 }), time: nanoseconds(Date.now()) }]);
    const { page, complaints } = await open(made);
    await page.locator('#window').selectOption('0');
    await page
      .locator('#loss', { hasText: /^3 events lost, [\d,]+ samples lost in this span$/ })
      .waitFor();
    await frame(page, 'flame')
      .locator('#facts .lost', { hasText: /, \d+ lost/ })
      .waitFor();
    await page.locator('#tab-events').click();
    await page.locator('#event-rows tr.lost', { hasText: '3 events were lost' }).waitFor();
    await page.locator('#tab-timeline').click();
    await frame(page, 'timeline').locator('#about .bad', { hasText: 'Lost events' }).waitFor();
    expect(complaints).toEqual([]);
  });

  test('at other times is said to be of them', async () => {
    await using made = workingServer();
    made.server.addEvents([{ ...lostEvent({ exec: 5 }), time: nanoseconds(Date.now()) }]);
    const later = Date.now() + 3000;
    while (Date.now() < later) await Bun.sleep(100);
    const { page } = await open(made, `&span=${later - 1000}-${later}`);
    await page.locator('#loss', { hasText: /^5 events lost at other times$/ }).waitFor();
  });
});

describe('a span', () => {
  test('of which only a part is kept is truncated, and says from when', async () => {
    await using made = workingServer();
    const now = Date.now();
    const { page } = await open(made, `&span=${now - 60_000}-${now + 500}`);
    await page.locator('#kept', { hasText: /^truncated: kept from \d\d:\d\d:\d\d on$/ }).waitFor();
    await page.locator('#connection.open', { hasText: 'paused' }).waitFor();
    await page.locator('#live').click();
    await page.locator('#kept:empty').waitFor({ state: 'attached' });
  });

  test('that is not kept any more shows nothing of another', async () => {
    await using made = workingServer();
    const { page } = await open(made);
    await page.locator('#process-rows .row:not([hidden])', { hasText: '/bin/other' }).waitFor();
    await frame(page, 'flame').locator('#functions-body tr', { hasText: 'busy' }).waitFor();
    const now = Date.now();
    await page.evaluate(`location.hash = 'span=${now - 600_000}-${now - 590_000}'`);
    await page.locator('#flame-hint', { hasText: NOT_KEPT }).waitFor();
    await page.locator('#kept', { hasText: /^no longer kept$/ }).waitFor();
    expect(await page.locator('#flame-frames iframe').count()).toBe(0);
    expect(await page.locator('#process-count').textContent()).toBe('0 processes in the span');
    expect(await page.locator('#process-rows .row:not([hidden])').count()).toBe(0);
    for (const view of ['timeline', 'compare']) {
      await page.locator(`#tab-${view}`).click();
      await page.locator(`#${view}-hint`, { hasText: NOT_KEPT }).waitFor();
    }
    await page.locator('#tab-events').click();
    await page.locator('#event-count', { hasText: NOT_KEPT }).waitFor();
    // And back.
    await page.locator('#tab-flame').click();
    await page.locator('#live').click();
    await frame(page, 'flame').locator('#functions-body tr', { hasText: 'busy' }).waitFor();
    await page.locator('#process-rows .row:not([hidden])', { hasText: '/bin/other' }).waitFor();
  });

  test('that grows too old while somebody looks at it says so', async () => {
    await using made = workingServer({ keepMs: 3000 });
    const { page } = await open(made);
    await frame(page, 'flame').locator('html[data-ready]').waitFor();
    await page.locator('#pause').click();
    await page.locator('#kept', { hasText: 'no longer kept' }).waitFor();
    await page.locator('#tab-timeline').click();
    await page.locator('#timeline-hint', { hasText: NOT_KEPT }).waitFor();
  });

  test('to compare with that is not kept any more is asked for anew', async () => {
    await using made = workingServer();
    const now = Date.now();
    const { page, complaints } = await open(
      made,
      `&view=compare&span=${now - 500}-${now + 500}&base=${now - 600_000}-${now - 590_000}`,
    );
    await page.locator('#compare-hint', { hasText: 'no longer kept' }).waitFor();
    expect(await page.locator('#compare-frames iframe').count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  test('of one process is compared under its name', async () => {
    await using made = workingServer();
    const { page } = await open(made);
    await page.locator('#process-rows .row', { hasText: '/bin/parent' }).click();
    await page.locator('#unscope').waitFor();
    await page.locator('#pause').click();
    await page.locator('#compare-with').click();
    await frame(page, 'compare')
      .locator('h1', { hasText: 'What changed in process 10 and below on hive' })
      .waitFor();
  });
});

test('all times are those of the browser, in frames too, and the zone is said', async () => {
  await using made = workingServer();
  const { page } = await open(made, '', newPerson({ zone: 'Asia/Kolkata' }));
  await page.locator('#zone', { hasText: /^UTC\+5:30$/ }).waitFor();
  const local = /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\+5:30/;
  const started = frame(page, 'flame').locator('#facts', { hasText: local });
  await started.waitFor();
  // Also once it was brought up to date.
  const before = await started.textContent();
  const facts = frame(page, 'flame').locator('#facts');
  while ((await facts.textContent()) === before) await Bun.sleep(100);
  expect(await facts.textContent()).toMatch(local);
  await page.locator('#tab-timeline').click();
  await frame(page, 'timeline').locator('#about', { hasText: local }).waitFor();
  await page.locator('#pause').click();
  await page.locator('#compare-with').click();
  await frame(page, 'compare').locator('#facts', { hasText: local }).waitFor();
});

test('what happened is said in words', async () => {
  await using made = workingServer({ reveal: true });
  const { page } = await open(made);
  await page.locator('#tab-events').click();
  const at = Date.now();
  const time = nanoseconds(at);
  made.server.addEvents([
    ...life({ pid: 50, bornAt: at, endAt: at + 5, exitCode: 3, bootMs: made.bootMs }),
    ...life({
      ...{ pid: 51, bornAt: at, endAt: at + 7, signal: 'SIGKILL', bootMs: made.bootMs },
      argv: ['/bin/killed', 'x'],
    }),
    failedExecEvent({ pid: 52, time, filename: '/nope', argv: ['/nope'], error: 'ENOENT' }),
    failedExecEvent({ pid: 53, time, filename: '/no/ls', argv: ['ls', '-l'], error: 'EACCES' }),
    execEvent({ pid: 54, time, argv: ['/bin/long', 'x'], argvTruncated: true }),
  ]);
  for (const text of [
    /^started process 50$/,
    /^exited with 3 after 5 ms: \/bin\/work$/,
    /^killed by SIGKILL after 7 ms: \/bin\/killed x$/,
    /^ENOENT: \/nope$/,
    /^EACCES: \/no\/ls, as ls -l$/,
    /^\/bin\/long x \u2026 \(truncated\)$/,
  ])
    await page.locator('#event-rows td.what', { hasText: text }).waitFor();
});
