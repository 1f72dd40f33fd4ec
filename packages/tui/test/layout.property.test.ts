// Layout at random sizes: nothing is drawn outside of the screen (its put and fill throw), bars lie within
// their callers.

import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { Samples } from '../src/model/samples.ts';
import { layOut } from '../src/views/flame-layout.ts';
import { execEvent, exitEvent, NOW, profileOf, someHost } from './some-host.ts';

const KEYS = [
  ...'1234/?smrRftK>+-pixybuncghjklGq[]'.split(''),
  ...['up', 'down', 'left', 'right', 'enter', 'escape', 'space', 'tab', 'pagedown', 'home', 'end'],
];
const name = fc.oneof(
  fc.stringMatching(/^[a-z]{1,30}$/),
  fc.constantFrom('世界', 'e\u0301tat', '👩‍👩‍👧', 'a\u0000b', '\u001b[2J', 'ｆｕｌｌ'),
);
const stackLine = fc
  .tuple(fc.integer({ min: 1, max: 9 }), fc.array(name, { maxLength: 12 }), fc.nat({ max: 50 }))
  .map(([pid, names, count]) => {
    const functions = names
      .map((each) => each.replaceAll(/[; ]/g, ''))
      .filter((each) => each !== '');
    return `${pid} comm${pid}${functions.map((each) => `;${each}`).join('')} ${count + 1}`;
  });

test('no view draws outside of any screen, whatever keys were pressed', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 200 }),
      fc.integer({ min: 1, max: 60 }),
      fc.array(stackLine, { maxLength: 20 }),
      fc.array(fc.constantFrom(...KEYS), { maxLength: 25 }),
      fc.array(name, { maxLength: 4 }),
      (width, height, lines, keys, argv) => {
        const { top, press, screen } = someHost();
        top.addEvents([execEvent(5, 1, ['prog', ...argv]), execEvent(6, 5, argv)], NOW);
        top.addEvents([exitEvent(6, 5, argv, { signal: 'SIGSEGV', coreDumped: true })], NOW);
        top.data.addSamples(profileOf(...lines), NOW + 500);
        top.tick(NOW + 500);
        for (const key of keys) {
          screen(width, height);
          press(key);
        }
        screen(width, height);
      },
    ),
    { numRuns: 300 },
  );
});

test('bars of a row do not overlap, and each lies below its caller', () => {
  fc.assert(
    fc.property(
      fc.array(stackLine, { minLength: 1, maxLength: 30 }),
      fc.integer({ min: 1, max: 300 }),
      (lines, columns) => {
        const samples = new Samples(NOW);
        samples.add(profileOf(...lines), NOW + 1);
        const bars = layOut(
          samples.tree.root,
          columns,
          50,
          (frame) => samples.table.frame(frame).name,
        );
        const placed = new Map(bars.map((bar) => [bar.node, bar]));
        const ends = new Map<number, number>();
        for (const bar of bars) {
          expect(bar.x).toBeGreaterThanOrEqual(ends.get(bar.row) ?? 0);
          ends.set(bar.row, bar.x + bar.width);
          const caller = bar.node.parent && placed.get(bar.node.parent);
          if (caller === undefined) continue;
          expect(bar.x).toBeGreaterThanOrEqual(caller.x);
          expect(bar.x + bar.width).toBeLessThanOrEqual(caller.x + caller.width);
        }
        for (const end of ends.values()) expect(end).toBeLessThanOrEqual(columns);
      },
    ),
    {
      numRuns: 200,
      // Sums of parts of a column went beyond the caller.
      examples: [
        [
          [
            '4 comm4 29',
            '4 comm4 43',
            '4 comm4 26',
            '1 comm1 6',
            '4 comm4 1',
            '4 comm4 38',
            '3 comm3;世界 32',
            '3 comm3;a 26',
            '4 comm4 7',
            '4 comm4 42',
            '3 comm3;a 14',
            '4 comm4 48',
          ],
          170,
        ],
      ],
    },
  );
});
