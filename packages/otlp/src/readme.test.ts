// The README knows everything that is exported; its example is run by tests/agent-otlp.test.ts.

import { expect, test } from 'bun:test';
import * as otlp from './index.ts';

const readme = await Bun.file(new URL('../README.md', import.meta.url)).text();

test('the README names every export', () => {
  for (const name of Object.keys(otlp)) expect(readme).toContain(`\`${name}`);
});
