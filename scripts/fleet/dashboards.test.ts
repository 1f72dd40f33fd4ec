// The dashboards in docs/fleet are those that the script makes of the queries beside them.

import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { dashboards } from './dashboards.ts';

test.each(Object.keys(dashboards))('docs/fleet/%s is current', (name) => {
  const published = readFileSync(join(import.meta.dir, '../../docs/fleet', name), 'utf8');
  expect(JSON.parse(published)).toEqual(JSON.parse(JSON.stringify(dashboards[name])));
});
