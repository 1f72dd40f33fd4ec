// The README knows everything that is exported; its example is run in a terminal by tests/top.test.ts.

import { expect, test } from 'bun:test';
import * as tui from './index.ts';

const readme = await Bun.file(new URL('../README.md', import.meta.url)).text();

test('the README names every export', () => {
  for (const name of Object.keys(tui)) expect(readme).toContain(`\`${name}`);
});
