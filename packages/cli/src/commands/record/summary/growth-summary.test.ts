import { expect, test } from 'bun:test';
import { growthLines } from './growth-summary.ts';

const none = { earlySamples: 0, leftOutAddresses: false, filesNotHeld: 0 };

test('a recording that was within its bounds needs no words', () => {
  expect(growthLines(none)).toEqual([]);
});

test('what was left out is said, with its number', () => {
  expect(growthLines({ ...none, earlySamples: 12 })[0]).toStartWith('12 samples of generated code');
  expect(growthLines({ ...none, filesNotHeld: 7 })[0]).toStartWith('7 files were not held open');
  expect(growthLines({ ...none, leftOutAddresses: true })[0]).toStartWith('only functions');
});
