import { expect, test } from 'bun:test';
import type { EventTotals } from '@waggle/events';
import { EventJson } from './event-json.ts';
import { WithheldCounts } from './withheld.ts';

const NONE = { fork: 0, exec: 0, exit: 0, 'failed-exec': 0 };

test('what is kept back is said once, of the kinds that are written', () => {
  const totals = {
    delivered: NONE,
    lost: NONE,
    filtered: NONE,
    rateLimited: { ...NONE },
    foreign: 0,
    untracked: 0,
  } satisfies EventTotals;
  const counts = new WithheldCounts({ totals: () => totals }, ['exec', 'exit']);
  expect(counts.whenDue()).toEqual([]);
  Object.assign(totals.rateLimited, { exec: 3, exit: 2, fork: 100 });
  totals.untracked = 7;
  expect(counts.now().map(({ event, count }) => [event, count])).toEqual([
    ['limited', 5],
    ['untracked', 7],
  ]);
  expect(counts.now()).toEqual([]);
  totals.rateLimited.exit = 4;
  const [notice] = counts.now();
  expect(JSON.parse(new EventJson().noticeLine({ ...notice!, time: 1n }))).toEqual({
    event: 'limited',
    time: '1970-01-01T00:00:00.000000001Z',
    count: 2,
  });
  // Not due again within the same second.
  totals.rateLimited.exit = 5;
  expect(counts.whenDue()).toEqual([]);
});
