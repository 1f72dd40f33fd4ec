// Of a process that still runs nobody has said what CPU it took: that is no 0.

import { describe, expect, test } from 'bun:test';
import { browserPath, openPage } from '../../test/open-page.ts';
import { execLine, exitLine } from '../../test/recordings.ts';
import { parseEvent, type RecordedEvent } from '../events/recorded-event.ts';
import { ProcessHistory } from '../processes/history.ts';
import { timelinePage } from './encode.ts';
import { programCpuText, UNKNOWN } from './viewer/texts.ts';

const TIMEOUT_MS = 180_000;

test('CPU of the runs of a program is all of it, at least so much, or not known', () => {
  expect(programCpuText({ runs: 2, cpu: 1500, cpuUnknown: 0 })).toBe('1.5 ms');
  expect(programCpuText({ runs: 2, cpu: 1500, cpuUnknown: 1 })).toBe('\u2265 1.5 ms');
  expect(programCpuText({ runs: 2, cpu: 0, cpuUnknown: 2 })).toBe(UNKNOWN);
});

describe.if(browserPath !== undefined)('in a browser', () => {
  test(
    'who still runs has a dash, and who has ended what it took',
    async () => {
      const history = new ProcessHistory();
      const times = { userNs: '3000000', systemNs: '1000000' };
      for (const line of [
        execLine({ pid: 5, at: 1000, comm: 'daemon' }, { argv: ['daemon'] }),
        execLine({ pid: 6, at: 2000, comm: 'worker' }, { argv: ['worker'] }),
        execLine({ pid: 7, at: 3000, comm: 'worker' }, { argv: ['worker'] }),
        execLine({ pid: 8, at: 3000, comm: 'short' }, { argv: ['short'] }),
        exitLine({ pid: 7, at: 900_000, comm: 'worker' }, times),
        exitLine({ pid: 8, at: 900_000, comm: 'short' }, times),
      ])
        history.add(parseEvent(line) as RecordedEvent);
      await using opened = await openPage(timelinePage(history));
      const { page } = opened;
      const cpuOf = (program: string) =>
        page.locator('.programs tr', { hasText: program }).locator('td').nth(4).textContent();
      expect(await cpuOf('daemon')).toBe(UNKNOWN);
      expect(await cpuOf('worker')).toBe('\u2265 4 ms');
      expect(await cpuOf('short')).toBe('4 ms');
      expect(await page.textContent('.about')).toContain('CPU\u2265 0.008 s');
      expect(await page.textContent('#details')).not.toMatch(/(^|\D)0 \u00b5s/);
      await page.click('#show-table');
      const row = page.locator('#table-body tr', { hasText: 'daemon' });
      expect(await row.locator('td').nth(2).textContent()).toBe(UNKNOWN);
    },
    TIMEOUT_MS,
  );
});
