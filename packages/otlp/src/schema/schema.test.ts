import { expect, test } from 'bun:test';
import { logsAndMetrics } from '../../scripts/logs-and-metrics.ts';
import { messages } from './schema.ts';

test('is what the published files say: else run scripts/generate-schema.ts', () => {
  expect<unknown>(messages).toEqual(logsAndMetrics());
});
