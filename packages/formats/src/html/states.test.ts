/** Where threads were, on the page of a recording of time off the CPU: colours, legend, and what is hidden by them. */
import { describe, expect, test } from 'bun:test';
import { browserPath } from '../../test/browser.ts';
import { colourAt, drawn, PROFILE, tableRows } from '../../test/flame-page.ts';
import { browserPages } from '../../test/open-page.ts';
import { profileOf } from '../../test/random-profile.ts';
import { palette, shadeClass } from '../flame-graph/palette.ts';
import type { ProfileStack } from '../index.ts';
import { encodeHtml } from './index.ts';
import { stateOfNodes, withoutStates } from './viewer/state-filter.ts';
import { treeOf } from './viewer/trees.ts';

function waited(count: number, state: string, ...names: string[]): ProfileStack {
  const code = names.map((name) => ({ name, kind: 'user' as const }));
  const states = state === '' ? [] : [{ name: state, kind: 'process' as const }];
  return { frames: [...code, ...states], count };
}

// main: read 4 interruptible, 1 runnable; fsync 2 uninterruptible; work 3
const WAITS = profileOf([
  waited(4, '[interruptible]', 'main', 'read'),
  waited(1, '[runnable]', 'main', 'read'),
  waited(2, '[uninterruptible]', 'main', 'fsync'),
  waited(3, '', 'main', 'work'),
]);

test('a page of threads that waited has their states in its legend, others have none', () => {
  const page = encodeHtml(WAITS);
  for (const text of ['interruptible 40.0 %', 'runnable 10.0 %', 'uninterruptible 20.0 %'])
    expect(page).toContain(`<span>${text}</span>`);
  expect(page).toContain('aria-label="Where threads were"');
  expect(encodeHtml(PROFILE)).not.toContain('aria-label="Where threads were"');
  // A function of that name is none.
  const named = encodeHtml(profileOf([waited(1, '', 'main', '[runnable]')]));
  expect(named).not.toContain('aria-label="Where threads were"');
});

test('what stands on top of a state belongs to it, also who woke the thread', () => {
  const states = [
    { name: 'interruptible', symbol: 3 },
    { name: 'running', symbol: -1 },
  ];
  // all > main > (read > [interruptible] > waker, work)
  const columns = {
    depth: Int32Array.of(0, 1, 2, 3, 4, 2),
    symbol: Int32Array.of(0, 1, 2, 3, 1, 4),
    self: Float64Array.of(0, 0, 0, 0, 5, 2),
    otherSelf: new Float64Array(6),
  };
  const ofNode = stateOfNodes(columns, states);
  expect([...ofNode]).toEqual([1, 1, 1, 0, 0, 1]);
  const totals = (...hidden: number[]) => [
    ...treeOf(withoutStates(columns, ofNode, new Set(hidden))).total,
  ];
  expect(totals()).toEqual([7, 7, 5, 5, 5, 2]);
  expect(totals(0)).toEqual([2, 2, 0, 0, 0, 2]);
  expect(totals(1)).toEqual([5, 5, 5, 5, 5, 0]);
});

const executable = browserPath;
if (executable !== undefined) {
  const { open: openFile, browserTest } = browserPages(executable);

  describe('the choice of states', () => {
    browserTest('hides what was in one, in the graph and in the table', async () => {
      const page = await openFile('waits.html', encodeHtml(WAITS));
      const names = async () => (await tableRows(page)).map((row) => row.split(' ').at(-1));
      expect(await names()).toContain('read');
      await page.click('#state-0');
      await page.click('#state-1');
      await drawn(page);
      expect(await page.locator('#state-1').getAttribute('aria-pressed')).toBe('false');
      expect(await tableRows(page)).toContain('30.0 %3 30.0 %3 work');
      expect(await names()).not.toContain('read');
      expect(page.url()).toContain('hide=0.1');
      await page.click('#state-0');
      expect(await tableRows(page)).toContain('0 %0 10.0 %1 read');
    });

    browserTest('never hides everything, and is kept in the address', async () => {
      const page = await openFile('waits.html', encodeHtml(WAITS));
      for (const state of [0, 1, 2, 3]) await page.click(`#state-${state}`);
      expect(await page.locator('#state-0').getAttribute('aria-pressed')).toBe('true');
      await page.click('#state-3');
      await page.reload();
      expect(await page.locator('#state-3').getAttribute('aria-pressed')).toBe('false');
      const rows = await tableRows(page);
      expect(rows.some((row) => row.endsWith('work'))).toBe(false);
    });

    browserTest('has the colours that boxes of states have', async () => {
      const page = await openFile('waits.html', encodeHtml(WAITS));
      const shade = palette.find(
        ({ className }) => className === shadeClass('process', '[uninterruptible]'),
      );
      const hex = shade?.light ?? '';
      const rgb = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
      // all, main, fsync, the first by its name, and its state.
      expect(await colourAt(page, 3, 0.02)).toEqual(rgb);
    });
  });
}
