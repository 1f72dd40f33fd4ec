import { expect, test } from 'bun:test';
import { pagerOf } from './pager.ts';

test('the pager is waggle’s own, that of the environment, or less', () => {
  expect(pagerOf({})).toBe('less');
  expect(pagerOf({ PAGER: 'most' })).toBe('most');
  expect(pagerOf({ PAGER: 'most', WAGGLE_PAGER: 'less -N' })).toBe('less -N');
});

test.each([{ PAGER: '' }, { PAGER: 'cat' }, { WAGGLE_PAGER: 'cat', PAGER: 'less' }])(
  'there is none with %j',
  (env) => {
    expect(pagerOf(env)).toBeUndefined();
  },
);
