// A span that lies partly or wholly behind now, as clocks of others have it: no answer is of one that ends before it
// begins.

import { expect, test } from 'bun:test';
import { life, madeServer } from '../../test/made-host.ts';

test('a span of the near future is empty, whoever is asked', async () => {
  await using made = madeServer();
  const bootMs = Date.now() - 3_600_000;
  made.server.addEvents(life({ pid: 5, bornAt: Date.now() - 100, endAt: Date.now(), bootMs }));
  for (const path of ['activity', 'processes', 'events', 'flame', 'timeline', 'profile', 'diff']) {
    const from = new Date(Date.now() + 4500).toISOString();
    const to = new Date(Date.now() + 60_000).toISOString();
    const format = { events: '&format=json', diff: '&baseFrom=-1s' }[path] ?? '';
    const answer = await made.ask(`/api/${path}?from=${from}&to=${to}${format}`);
    expect([path, answer.status]).toEqual([path, 200]);
    if (!['activity', 'processes', 'events'].includes(path)) continue;
    const { span, seconds, processes, events } = (await answer.json()) as {
      readonly span: { readonly from: number; readonly to: number };
      readonly seconds?: readonly unknown[];
      readonly processes?: readonly unknown[];
      readonly events?: readonly unknown[];
    };
    expect([path, span.from]).toEqual([path, span.to]);
    expect(span.to).toBeLessThan(Date.parse(from));
    expect(events ?? []).toEqual([]);
    expect((processes ?? seconds ?? []).length).toBeLessThanOrEqual(1);
  }
  expect(made.failures).toEqual([]);
});

test('a span that reaches into the future ends now', async () => {
  await using made = madeServer();
  const answer = await made.ask(`/api/activity?from=-1s&to=${Date.now() + 3_600_000}`);
  const { span } = (await answer.json()) as { span: { from: number; to: number } };
  expect(span.to).toBeLessThanOrEqual(Date.now());
  expect(span.to).toBeGreaterThan(span.from);
});
