// The README knows everything that is exported; what its example does is done by tests/agent-otlp.test.ts.

import { expect, test } from 'bun:test';
import * as otlp from './index.ts';

const readme = await Bun.file(new URL('../README.md', import.meta.url)).text();

test('the README names every export', () => {
  for (const name of Object.keys(otlp)) expect(readme).toContain(`\`${name}`);
});
